/* The guest of `qemuvm doctor`: it goes the way of every 64-bit system's first steps, and writes a letter on the serial
   port for each that it has done:

       L  64-bit mode is reached          X  an exception was taken and returned from
       P  a page fault was mended         S  SSE2 has worked                          .  all is done
       -  the CPU has no 64-bit mode

   It runs on QEMU's `pc` and `q35` at the reset vector itself, without SeaBIOS, disk or kernel. Assembled by

       gcc -x assembler-with-cpp -m64 -c long-mode.S -o long-mode.o
       ld -m elf_x86_64 -Ttext 0 --oformat binary long-mode.o -o long-mode.rom

   Only code and data stand in long-mode.rom; what writes it out for QEMU pads it as hello.S says. */

/* Where the byte at a label stands in memory. */
#define LINEAR(label) (0xf0000 + label - _start)

        .set    COM1,           0x3f8
        .set    EFER,           0xc0000080
        .set    STACK,          0x8000
        .set    TABLES,         0x1000          /* three levels of page tables, a page each */
        .set    PRESENT,        3               /* and writable */
        .set    LARGE,          0x83            /* so, and a page of 2 MiB */
        .set    FAULTING,       0x200000        /* an address that has no page until its fault gives it one */

        .macro  say letter
        movw    $COM1, %dx
        movb    $\letter, %al
        outb    %al, %dx
        .endm

        .code16
        .globl  _start
_start: ljmp    $0xf000, $entry                 /* below 1 MiB, where the page tables lead */
entry:  cli
        cld
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movl    $0x80000001, %eax
        cpuid
        btl     $29, %edx
        jnc     none

        movw    $TABLES, %di
        movw    $0xc00, %cx
        xorl    %eax, %eax
        rep stosl
        movl    $TABLES + 0x1000 + PRESENT, TABLES
        movl    $TABLES + 0x2000 + PRESENT, TABLES + 0x1000
        movl    $LARGE, TABLES + 0x2000
        lgdtl   %cs:gdtr - _start
        movl    %cr4, %eax
        orb     $0x20, %al                      /* PAE */
        movl    %eax, %cr4
        movl    $TABLES, %eax
        movl    %eax, %cr3
        movl    $EFER, %ecx
        rdmsr
        orw     $0x100, %ax                     /* LME */
        wrmsr
        movl    %cr0, %eax
        orl     $0x80000001, %eax               /* PG and PE */
        movl    %eax, %cr0
        ljmpl   $8, $LINEAR(long)

none:   say     '-'
rest:   hlt
        jmp     rest

        .code64
long:   movw    $0x10, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    $STACK, %esp
        lidt    LINEAR(idtr)
        say     'L'
        int3
        say     'X'
        movl    FAULTING, %ebx
        say     'P'
        movq    %cr0, %rax
        andb    $0xfb, %al                      /* no EM */
        orb     $2, %al                         /* MP */
        movq    %rax, %cr0
        movq    %cr4, %rax
        orw     $0x600, %ax                     /* OSFXSR and OSXMMEXCPT */
        movq    %rax, %cr4
        pxor    %xmm0, %xmm0
        say     'S'
        say     '.'
1:      hlt
        jmp     1b

back:   iretq
fault:  movl    $FAULTING + LARGE, TABLES + 0x2008
        addq    $8, %rsp                        /* the error code */
        iretq

        .balign 8
gdt:    .quad   0
        .quad   0x00af9b000000ffff              /* 0x08: 64-bit code; marked accessed, for a ROM cannot be */
        .quad   0x00cf93000000ffff              /* 0x10: data */
gdtr:   .word   gdtr - gdt - 1
        .long   LINEAR(gdt)
        .balign 8
idt:    .fill   2 * 3, 8, 0                     /* no other exception is expected: one resets the machine */
        .word   back - _start, 0x08, 0x8e00, 0xf, 0, 0, 0, 0
        .fill   2 * 10, 8, 0
        .word   fault - _start, 0x08, 0x8e00, 0xf, 0, 0, 0, 0
idtr:   .word   idtr - idt - 1
        .quad   LINEAR(idt)
