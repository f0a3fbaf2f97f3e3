/* ENC[AES256_GCM,data:…,iv:…,tag:…,type:…], the text of an encrypted value. Of sops/ alone. */
#ifndef SEALED_SOPS_ENC_H
#define SEALED_SOPS_ENC_H

#include "sealed/sops/sops.h"

#define SOPS_ENC "ENC[AES256_GCM,"

struct sops_enc {
	struct bytes data, iv, tag;
	enum sops_type type;
};

/* Base64 (sealed/b64.h), in `pool`. */
bool sops_base64_read(struct pool *pool, const char *text, size_t size, struct bytes *ret_bytes);
char *sops_base64_text(struct pool *pool, struct bytes bytes);

/* Reads such a text, the whole of it. `what` is named in faults: FAULT_PARSE, FAULT_CIPHER for a tag of another length than 16,
 * FAULT_TYPE for a type nobody knows. */
int sops_enc_read(struct pool *pool, struct bytes text, const char *what, unsigned line, struct sops_enc *ret_enc,
		  struct fault *fault);
char *sops_enc_text(struct pool *pool, const struct sops_enc *enc);

#endif
