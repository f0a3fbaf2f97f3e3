/* A fuzz target is one function, in the shape libFuzzer asks for: tests/fuzz/NAME.c with its corpus in tests/fuzz/NAME/. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What a target finds wrong by itself, where no sanitizer would. */
#define ensure(what) ((what) ? (void)0 : abort())

/* Hands `size` bytes of whoever's to a parser. Must come back, whatever they are; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as a text, for parsers of texts: with a NUL behind it, in memory of exactly that size. Freed by the caller. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	ensure(text);
	memcpy(text, data, size);
	text[size] = 0;
	return text;
}

/* The bytes as a file, for parsers of files. Closed by the caller. */
static inline int fuzz_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	ensure(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	return fd;
}

#endif
