/*
 * void *coro_switch(void **save_sp, void *load_sp, void *value);
 *
 * Pushes the registers that a function must keep, stores the stack pointer, loads the other one, pops, and goes on
 * there with `value` as the result. coro_prepare builds the same frame by hand for a stack that never ran.
 */
#if defined(__x86_64__)

    .text
    .globl  coro_switch
    .type   coro_switch, @function
    .p2align 4
coro_switch:
    .cfi_startproc
    endbr64
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    pushq   %rbx
    .cfi_def_cfa_offset 24
    .cfi_offset %rbx, -24
    pushq   %r12
    .cfi_def_cfa_offset 32
    .cfi_offset %r12, -32
    pushq   %r13
    .cfi_def_cfa_offset 40
    .cfi_offset %r13, -40
    pushq   %r14
    .cfi_def_cfa_offset 48
    .cfi_offset %r14, -48
    pushq   %r15
    .cfi_def_cfa_offset 56
    .cfi_offset %r15, -56
    movq    %rsp, (%rdi)
    movq    %rsi, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbx
    popq    %rbp
    .cfi_def_cfa_offset 8
    movq    %rdx, %rax
    /* An indirect jump predicts better than ret here: the return stack knows nothing of the other coroutine. */
    popq    %rcx
    .cfi_def_cfa_offset 0
    jmp     *%rcx
    .cfi_endproc
    .size   coro_switch, .-coro_switch

    .globl  coro_start
    .type   coro_start, @function
    .p2align 4
    .cfi_startproc
    .cfi_undefined %rip             /* the outermost frame: unwinders stop here */
    nop                             /* they look up the return address - 1 */
coro_start:
    endbr64
    xorl    %ebp, %ebp
    movq    %rax, %rdi
    callq   *%rbx
    ud2
    .cfi_endproc
    .size   coro_start, .-coro_start

    .section .note.GNU-stack, "", @progbits

#elif defined(__aarch64__)

    .text
    .globl  coro_switch
    .type   coro_switch, %function
    .p2align 4
coro_switch:
    .cfi_startproc
    hint    #34                     /* bti c */
    sub     sp, sp, #160
    .cfi_def_cfa_offset 160
    stp     x19, x20, [sp, #0]
    stp     x21, x22, [sp, #16]
    stp     x23, x24, [sp, #32]
    stp     x25, x26, [sp, #48]
    stp     x27, x28, [sp, #64]
    stp     x29, x30, [sp, #80]
    .cfi_offset x29, -80
    .cfi_offset x30, -72
    stp     d8, d9, [sp, #96]
    stp     d10, d11, [sp, #112]
    stp     d12, d13, [sp, #128]
    stp     d14, d15, [sp, #144]
    mov     x9, sp
    str     x9, [x0]
    mov     sp, x1
    ldp     x19, x20, [sp, #0]
    ldp     x21, x22, [sp, #16]
    ldp     x23, x24, [sp, #32]
    ldp     x25, x26, [sp, #48]
    ldp     x27, x28, [sp, #64]
    ldp     x29, x30, [sp, #80]
    ldp     d8, d9, [sp, #96]
    ldp     d10, d11, [sp, #112]
    ldp     d12, d13, [sp, #128]
    ldp     d14, d15, [sp, #144]
    add     sp, sp, #160
    .cfi_def_cfa_offset 0
    mov     x0, x2
    ret
    .cfi_endproc
    .size   coro_switch, .-coro_switch

    .globl  coro_start
    .type   coro_start, %function
    .p2align 4
    .cfi_startproc
    .cfi_undefined x30
    nop
coro_start:
    hint    #36                     /* bti j */
    mov     x29, xzr
    mov     x30, xzr
    blr     x19
    brk     #1
    .cfi_endproc
    .size   coro_start, .-coro_start

    .section .note.GNU-stack, "", %progbits

#else
#error "coro: port coro_switch.S to this processor"
#endif
