#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "edge/digest.h"

bool sha256_of_peer(void *ssl, uint8_t out[SHA256_SIZE])
{
	X509 *certificate = ssl ? SSL_get1_peer_certificate(ssl) : NULL;
	bool is_known = certificate && X509_digest(certificate, EVP_sha256(), out, NULL) == 1;

	X509_free(certificate);
	return is_known;
}
