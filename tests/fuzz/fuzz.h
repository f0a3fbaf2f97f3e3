/* A fuzz target is one function, in the shape libFuzzer asks for: tests/fuzz/NAME.c with its corpus in tests/fuzz/NAME/. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Hands `size` bytes of whoever's to a parser. Must come back, whatever they are; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
