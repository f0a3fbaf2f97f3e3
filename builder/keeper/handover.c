#include "keeper/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "contract/secrets.h"
#include "edge/disc.h"
#include "keeper/keyring.h"

int handover_disc(const char *name, const char *path, struct err *err)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_identities identities = {0};
	struct disc_file file = {.name = SECRETS_IDENTITY, .is_private = true};
	struct bytes text = {0};
	int r = keyring_read(pool, name, KEYRING_IDENTITY, &identities, &text, err), fd;

	if (r < 0)
		return r;
	file.data = text.data;
	file.size = text.size;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* what is written into it keeps that mode */
	if (fd < 0)
		return err_sys(err, -errno, "cannot make the disc '%s'", path);
	close(fd);
	r = disc_write(path, SECRETS_DISC_LABEL, &file, 1, err);
	if (r < 0)
		unlink(path);
	return r;
}
