/* machine-id(5). */
#ifndef MACHINE_MACHINE_ID_H
#define MACHINE_MACHINE_ID_H

enum {
	MACHINE_ID_DIGITS = 32,
	MACHINE_ID_BYTES = MACHINE_ID_DIGITS + 2, /* with its newline and NUL */
};

/* A machine-id by chance: a random UUID (RFC 9562, version 4), as machine-id(5) wants it. 0 or -errno. */
int machine_id_by_chance(char out[MACHINE_ID_BYTES]);

#endif
