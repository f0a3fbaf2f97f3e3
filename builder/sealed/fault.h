/* Why something sealed could not be opened. A fault never has a value in it: file, line, key path, recipients and the public
 * form of identities are all that it tells. */
#ifndef SEALED_FAULT_H
#define SEALED_FAULT_H

enum fault_kind {
	FAULT_NONE,
	FAULT_PARSE,        /* the text is not of its format */
	FAULT_META,         /* what SOPS says of the file is not whole, or contradicts itself */
	FAULT_NOMETA,       /* it is no file of SOPS */
	FAULT_UNSUPPORTED,  /* a rule or a recipient that we do not know */
	FAULT_SHAMIR,       /* more than one group of keys */
	FAULT_NOKEYS,       /* no recipient of age at all */
	FAULT_NOKEY,        /* none of the identities opens it */
	FAULT_DATAKEY,      /* what an identity opened is no data key */
	FAULT_CIPHER,       /* a value was changed, moved, or made with another key */
	FAULT_TYPE,         /* a value is not of the type that it says */
	FAULT_MAC,          /* something in the file was changed */
	FAULT_MISSING,      /* the key path is not there, or is no value */
	FAULT_CLEAR,        /* … is not encrypted */
	FAULT_EMPTY,        /* … is empty */
};

struct fault {
	enum fault_kind kind;
	unsigned line;               /* in the file, from 1; 0: of no line */
	char text[1000];             /* what is wrong, without a full stop; no control characters */
	char hint[500];              /* what to do, or "" */
};

/* Fills `fault` and returns -EBADMSG. A fault that is there already stays: the first one counts. */
int fault_set(struct fault *fault, enum fault_kind kind, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Says what to do about the fault; returns -EBADMSG. */
int fault_hint(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts words before what it says: "secrets/gateway.yaml: …"; returns -EBADMSG. */
int fault_wrap(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The kind as INDEX.tsv of our vectors calls it: "mac", "gcm", "nokey"… */
const char *fault_kind_name(enum fault_kind kind);

#endif
