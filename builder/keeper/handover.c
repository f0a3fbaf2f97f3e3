#include "keeper/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "contract/secrets.h"
#include "edge/disc.h"
#include "keeper/keyring.h"

/* To a file that is there, and private. */
static int handover_write(const char *name, const char *path, struct err *err)
{
	_cleanup_pool_ struct pool *pool = pool_new();
	struct age_identities identities = {0};
	struct disc_file file = {.name = SECRETS_IDENTITY, .is_private = true};
	struct bytes text = {0};
	int r = keyring_read(pool, name, KEYRING_IDENTITY, &identities, &text, err);

	file.data = text.data;
	file.size = text.size;
	return r == 0 ? disc_write(path, SECRETS_DISC_LABEL, &file, 1, err) : r;
}

int handover_disc(const char *name, const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* what is written into it keeps that mode */
	int r;

	if (fd < 0)
		return err_sys(err, -errno, "cannot make the disc '%s'", path);
	close(fd);
	r = handover_write(name, path, err);
	if (r < 0)
		unlink(path);
	return r;
}

int handover_memory(const char *name, int *ret_fd, struct err *err)
{
	char path[sizeof "/proc/self/fd/" + 3 * sizeof(int)];
	int fd = memfd_create(SECRETS_IDENTITY, MFD_CLOEXEC), r;

	if (fd < 0)
		return err_sys(err, -errno, "cannot make a disc in memory");
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	r = handover_write(name, path, err);
	if (r == 0)
		*ret_fd = fd;
	else
		close(fd);
	return r;
}
