/* The hello guest: firmware that says it is ready on the serial port, echoes what is typed there, and powers
   itself off when the power button is pressed. Between events it sleeps in hlt; no timer wakes it.

   It runs on QEMU's `pc` and `q35` at the reset vector itself, without SeaBIOS, disk or kernel. Assembled by

       gcc -x assembler-with-cpp -m32 -c hello.S -o hello.o
       ld -m elf_i386 -Ttext 0 --oformat binary hello.o -o hello.rom

   Only code and data stand in hello.rom. What writes it out for QEMU pads it to 64 KiB and puts a jump to its
   first byte at the reset vector, 16 bytes before the end. */

/* Where the byte at a label stands in memory. */
#define LINEAR(label) (0xf0000 + label - _start)

        .set    COM1,           0x3f8
        .set    COM1_IER,       COM1 + 1        /* bit 0: interrupt when a byte has come */
        .set    COM1_MCR,       COM1 + 4        /* bit 3 (OUT2): let the interrupt out */
        .set    COM1_LSR,       COM1 + 5        /* bit 0: a byte has come, bit 5: room for one */
        .set    PIC1,           0x20
        .set    PIC2,           0xa0
        .set    PCI_ADDRESS,    0xcf8
        .set    PCI_DATA,       0xcfc
        .set    PM,             0x600           /* where we map the ACPI power management registers */
        .set    PM1_STATUS,     PM
        .set    PM1_ENABLE,     PM + 2
        .set    PM1_CONTROL,    PM + 4
        .set    POWER_BUTTON,   0x100           /* in PM1_STATUS and PM1_ENABLE */
        .set    SOFT_OFF,       0x2000          /* in PM1_CONTROL: sleep now, type 0, which QEMU takes for S5 */
        .set    STACK,          0x8000
        .set    LAPIC_SPURIOUS, 0xfee000f0
        .set    LAPIC_LVT0,     0xfee00350

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

/* The CPU arrives in 16-bit mode with interrupts off. It leaves for flat 32-bit mode at once, from where the local
   APIC can be reached. */
        .code16
        .globl  _start
_start: lgdtl   %cs:gdtr - _start
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmpl   $8, $LINEAR(flat)

        .code32
flat:   movw    $0x10, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    $STACK, %esp
        lidtl   LINEAR(idtr)

/* Map the power management registers. q35 has them in its LPC bridge (00:1f.0), pc in the PIIX4 (00:01.3). */
        out32   PCI_ADDRESS, 0x8000f800
        movw    $PCI_DATA, %dx
        inl     %dx, %eax
        cmpl    $0x29188086, %eax               /* ICH9 */
        jne     pc
        out32   PCI_ADDRESS, 0x8000f840         /* PMBASE */
        out32   PCI_DATA, PM|1
        out32   PCI_ADDRESS, 0x8000f844         /* ACPI_CNTL: decode PMBASE, events raise IRQ 9 */
        out32   PCI_DATA, 0x80
        jmp     interrupts
pc:     out32   PCI_ADDRESS, 0x80000b40         /* PMBA; events raise IRQ 9 */
        out32   PCI_DATA, PM|1
        out32   PCI_ADDRESS, 0x80000b80         /* PMREGMISC: decode PMBA */
        out32   PCI_DATA, 1

/* Two interrupts are let through: IRQ 4 (a byte on COM1) and IRQ 9 (ACPI), and IRQ 2, which leads to IRQ 9. */
interrupts:
        movl    $0x1ff, LAPIC_SPURIOUS          /* on: while it is off, KVM keeps its lines masked */
        movl    $0x700, LAPIC_LVT0              /* and the PICs' interrupts reach this CPU (ExtINT) */
        out8    PIC1, 0x11
        out8    PIC1+1, 0x20                    /* IRQ 0-7 are vectors 0x20-0x27 */
        out8    PIC1+1, 4
        out8    PIC1+1, 1
        out8    PIC1+1, ~(1<<4|1<<2)&0xff
        out8    PIC2, 0x11
        out8    PIC2+1, 0x28                    /* IRQ 8-15 are vectors 0x28-0x2f */
        out8    PIC2+1, 2
        out8    PIC2+1, 1
        out8    PIC2+1, ~(1<<1)&0xff
        out8    COM1_MCR, 0xb
        out8    COM1_IER, 1
        out16   PM1_ENABLE, POWER_BUTTON        /* before the greeting: READY means that the button works */

        movl    $LINEAR(greeting), %esi
1:      lodsb
        testb   %al, %al
        jz      serve
        call    print
        jmp     1b

/* Interrupts are open only in hlt, so none can slip in between the look and the sleep. */
serve:  movw    $PM1_STATUS, %dx
        inw     %dx, %ax
        testw   $POWER_BUTTON, %ax
        jnz     off
        movw    $COM1_LSR, %dx
        inb     %dx, %al
        testb   $1, %al
        jnz     echo
        sti
1:      hlt
        jmp     1b

echo:   movw    $COM1, %dx
        inb     %dx, %al
        cmpb    $'\r', %al
        jne     1f
        call    print
        movb    $'\n', %al
1:      call    print
        jmp     serve

off:    out16   PM1_STATUS, POWER_BUTTON        /* a written 1 clears the bit */
        out16   PM1_CONTROL, SOFT_OFF
1:      hlt
        jmp     1b

/* Prints the byte in %al on COM1. */
print:  movb    %al, %bl
        movw    $COM1_LSR, %dx
1:      inb     %dx, %al                        /* reads 0xff where there is no COM1 */
        testb   $0x20, %al
        jz      1b
        movb    %bl, %al
        movw    $COM1, %dx
        outb    %al, %dx
        ret

/* Every interrupt does no more than end the hlt; what has happened, serve asks. It does not return there but begins
   serve anew, with interrupts off again: where KVM has to emulate this mode it knows no iret. */
wake:   movb    $0x20, %al
        outb    %al, $PIC2
        outb    %al, $PIC1
        movl    $STACK, %esp
        jmp     serve

greeting:
        .asciz  "READY: hello from qemuvm\r\n"

        .balign 8
gdt:    .quad   0
        .quad   0x00cf9b000000ffff              /* 0x08: code, 0-4 GiB; marked accessed, for a ROM cannot be */
        .quad   0x00cf93000000ffff              /* 0x10: data, 0-4 GiB */
gdtr:   .word   gdtr - gdt - 1
        .long   LINEAR(gdt)
        .balign 8
idt:    .fill   0x20, 8, 0                      /* no exception is expected: one resets the machine */
        .rept   16
        .word   wake - _start, 0x08, 0x8e00, 0xf        /* interrupt gate: offset, code segment, flags, offset */
        .endr
idtr:   .word   idtr - idt - 1
        .long   LINEAR(idt)
