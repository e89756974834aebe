/* The contracts of all services as a FileDescriptorSet; reflection reads it. */
    .section .rodata
    .globl  souk_descriptor_set
    .globl  souk_descriptor_set_end
souk_descriptor_set:
    .incbin DESCRIPTOR_SET
souk_descriptor_set_end:
    .byte   0

    .section .note.GNU-stack, "", %progbits
