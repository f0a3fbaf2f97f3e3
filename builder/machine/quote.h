/* Texts as JSON (RFC 8259), which is UTF-8. */
#ifndef MACHINE_QUOTE_H
#define MACHINE_QUOTE_H

#include <stdio.h>

/* Prints a text of JSON; null for "". What is no UTF-8 (a command's output, a text that was cut within a character) becomes
 * question marks: one such byte would make a reader refuse all that stands around it. */
void quote_print(const char *text, FILE *out);

#endif
