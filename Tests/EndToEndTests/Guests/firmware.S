/* A guest that does what a test tells it to: 64 KiB of reset-vector firmware, no SeaBIOS, no disk, for pc and q35.

   It prints READY on the serial port, does ACT once, then sleeps in hlt and obeys each byte from the serial port:

     O  powers off (ACPI S5)
     P  panics (needs -device pvpanic)
     R  resets the machine
     C  says without end that it has crashed and saves its memory itself (needs -device pvpanic)
     N  prints lines with their numbers, eight hexadecimal digits from 00000000, until the next byte, which it obeys

   Any other byte is echoed. It ignores the power button: the hello profile's guest honours it. Build:

     gcc -x assembler-with-cpp -DACT="'O'" -m32 -c firmware.S -o f.o
     ld -m elf_i386 -Ttext 0 --oformat binary f.o -o f.rom          (and run with -bios f.rom)  */

#ifndef ACT
#define ACT 0                           /* nothing */
#endif

        .code16
        .globl  _start

        .macro  out32 port, value
        movw    $\port, %dx
        movl    $\value, %eax
        outl    %eax, %dx
        .endm
        .macro  out16 port, value
        movw    $\port, %dx
        movw    $\value, %ax
        outw    %ax, %dx
        .endm
        .macro  out8 port, value
        movw    $\port, %dx
        movb    $\value, %al
        outb    %al, %dx
        .endm

        .org    0xf000                  /* reached from the reset vector with CS base 0xffff0000 */
start:  cli
        xorw    %ax, %ax
        movw    %ax, %ss
        movw    $0x7c00, %sp

        /* Power management registers at port 0x600, where firmware puts them. */
        out32   0xcf8, 0x8000f800       /* 00:1f.0 is ICH9's LPC bridge on q35 */
        movw    $0xcfc, %dx
        inl     %dx, %eax
        cmpl    $0x29188086, %eax
        jne     piix4
        out32   0xcf8, 0x8000f840       /* PMBASE */
        out32   0xcfc, 0x601
        out32   0xcf8, 0x8000f844       /* ACPI_CNTL.ACPI_EN */
        out32   0xcfc, 0x80
        jmp     interrupts
piix4:  out32   0xcf8, 0x80000b40       /* 00:01.3 is PIIX4's on pc; PMBASE */
        out32   0xcfc, 0x601
        out32   0xcf8, 0x80000b80       /* PMREGMISC.PMIOSE */
        out32   0xcfc, 1

        /* The serial port's interrupt (IRQ 4, vector 12) wakes hlt; everything else stays masked. */
interrupts:
        movl    $0x40000000, %eax
        cpuid
        cmpl    $0x4b4d564b, %ebx       /* "KVMK": there it is enough to switch the local APIC off */
        jne     tcg
        movl    $0x1b, %ecx
        rdmsr
        andw    $0xf7ff, %ax
        wrmsr
        jmp     vector
tcg:    lgdtl   %cs:gdtr                /* else LVT0 becomes ExtINT, by way of "unreal" mode */
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        movw    $8, %bx
        movw    %bx, %ds
        andb    $0xfe, %al
        movl    %eax, %cr0
        movl    $0xfee00350, %ebx
        movl    $0x700, (%ebx)
vector: xorw    %ax, %ax
        movw    %ax, %ds
        movw    $serial, 0x30
        movw    $0xf000, 0x32
        out8    0x20, 0x11
        out8    0x21, 8
        out8    0x21, 4
        out8    0x21, 1
        out8    0x21, 0xef
        out8    0x3fa, 1                /* FCR: a queue of 16 bytes */
        out8    0x3fc, 8                /* MCR.OUT2: let interrupts out */
        out8    0x3f9, 1                /* IER: data received */

        movw    $message, %si
1:      movb    %cs:(%si), %al
        incw    %si
        testb   %al, %al
        jz      2f
        call    print
        jmp     1b
2:      movb    $ACT, %al
        testb   %al, %al
        jnz     obey
wait:   cli                             /* sti takes effect after hlt has begun: no byte is slept through */
        movw    $0x3fd, %dx
        inb     %dx, %al                /* LSR.DR */
        testb   $1, %al
        jnz     take
        sti
        hlt
        jmp     wait
take:   movw    $0x3f8, %dx
        inb     %dx, %al

obey:   cmpb    $'O', %al
        je      off
        cmpb    $'P', %al
        je      panic
        cmpb    $'R', %al
        je      reset
        cmpb    $'C', %al
        je      crashes
        cmpb    $'W', %al
        je      arm
        cmpb    $'N', %al
        je      number
        call    print
        jmp     wait
off:    out16   0x604, 0x2000           /* PM1_CNT: SLP_EN, S5 */
        jmp     wait
panic:  out8    0x505, 1
        jmp     wait
crashes:
        out8    0x505, 2
        jmp     crashes
reset:  out8    0x64, 0xfe              /* the keyboard controller pulls the reset line */
        jmp     wait

arm:    out8    0x443, 0xe              /* ib700: 2 s to be fed in, which nobody does */
        jmp     wait

number: xorl    %ebp, %ebp
line:   movl    %ebp, %edi
        movw    $8, %cx
1:      roll    $4, %edi
        movl    %edi, %eax
        andb    $15, %al
        cmpb    $10, %al                /* the classic: 0-9 and A-F without a branch */
        sbbb    $0x69, %al
        das
        call    print
        loop    1b
        movb    $'\n', %al
        call    print
        incl    %ebp
        movw    $0x3fd, %dx
        inb     %dx, %al                /* LSR.DR */
        testb   $1, %al
        jz      line
        jmp     take

print:  movb    %al, %bl
1:      movw    $0x3fd, %dx
        inb     %dx, %al                /* LSR.THRE */
        testb   $0x20, %al
        jz      1b
        movb    %bl, %al
        movw    $0x3f8, %dx
        outb    %al, %dx
        ret

serial: pushw   %ax
        movb    $0x20, %al
        outb    %al, $0x20
        popw    %ax
        iret

        .balign 8
gdt:    .quad   0, 0x00cf92000000ffff
gdtr:   .word   15
        .long   gdt + 0xf0000
message:
        .asciz  "READY\r\n"

        .org    0xfff0
_start: .byte   0xe9                    /* jmp start */
        .word   start - (. + 2)
        .org    0x10000
