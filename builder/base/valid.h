/* What words of others must look like before they stand in a file, a URL or a path of ours: in an archive's index, in a
 * registry's answer, in a lock file. */
#ifndef BASE_VALID_H
#define BASE_VALID_H

#include <stdbool.h>
#include <stddef.h>

/* Of which words are made. */
#define VALID_WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._~"

bool valid_sha256(const char *sha256); /* 64 lower-case hexadecimal digits */
bool valid_url(const char *url);       /* something, of characters that a terminal shows and that do not end a line */
bool valid_word(const char *word);     /* letters, digits and +-._~ */
bool valid_path(const char *path);     /* relative, and stays below where it begins */

/* How many bytes of `text` there are before the first that is not UTF-8 (RFC 3629); `size` when all of it is. */
size_t valid_utf8(const void *text, size_t size);

#endif
