/* What a tree needs to become a container: words that a hypervisor reads, and a start for mount points that are empty
 * at first. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "contract/box.h"
#include "tree/inside.h"
#include "tree/steps.h"

static const char OS_RELEASE[] = "/usr/lib/os-release";

/* os-release(5) leaves it to the writer whether to quote a word; hypervisors read it with patterns of their own. */
static void tree_container_quote_line(struct buf *out, const char *line, size_t length)
{
	const char *equals = memchr(line, '=', length);
	size_t name = equals ? (size_t)(equals - line) : 0;

	if (name == 0 || name + 1 == length || !isalnum((unsigned char)equals[1]))
		buf_printf(out, "%.*s\n", (int)length, line);
	else
		buf_printf(out, "%.*s=\"%.*s\"\n", (int)name, line, (int)(length - name - 1), equals + 1);
}

static int tree_container_quote_os_release(const struct step *step, struct err *err)
{
	_cleanup_buf_ struct buf old = {0}, new = {0};
	int r = inside_read(step->root_fd, OS_RELEASE, 1 << 16, &old, err);

	if (r < 0)
		return r;
	for (const char *line = old.size ? old.data : ""; *line;) {
		size_t length = strcspn(line, "\n");

		tree_container_quote_line(&new, line, length);
		line += length + (line[length] == '\n');
	}
	return new.size ? inside_write(step->root_fd, OS_RELEASE, new.data, new.size, &INSIDE_PLAIN, err) : 0;
}

/* Proxmox takes nothing greater than the release that it knows, and a point release is greater: `13.2` is `13` to it. */
static int tree_container_shorten_version(const struct step *step, struct err *err)
{
	static const char path[] = "/etc/debian_version";
	_cleanup_buf_ struct buf text = {0};
	int r = inside_read(step->root_fd, path, 1 << 12, &text, err);
	size_t digits = r == 0 && text.size ? strspn(text.data, "0123456789") : 0;

	if (r < 0 || digits == 0 || text.data[digits] != '.')
		return r;
	text.data[digits] = '\n';
	return inside_write(step->root_fd, path, text.data, digits + 1, &INSIDE_PLAIN, err);
}

/* Where init(8) is systemd, ours starts before it; and there is a folder for what else could start. */
static int tree_container_put_init(const struct step *step, struct err *err)
{
	static const char systemd[] = "/systemd";
	_cleanup_fd_ int sbin = root_open(step->root_fd, "/usr/sbin", O_PATH | O_DIRECTORY, 0), folder = -1;
	char target[256];
	ssize_t n = sbin < 0 ? -1 : readlinkat(sbin, path_last(BOX_INIT_LINK), target, sizeof target - 1);
	int r;

	target[n < 0 ? 0 : n] = 0;
	if (!text_has_suffix(target, systemd) || !inside_exists(step->root_fd, BOX_INIT))
		return 0;
	r = inside_link(step->root_fd, BOX_INIT_LINK, BOX_INIT_TARGET, err);
	if (r == 0)
		r = inside_folder(step->root_fd, BOX_FOLDER, err);
	if (r < 0)
		return r;
	folder = root_open(step->root_fd, BOX_FOLDER, O_RDONLY | O_DIRECTORY, 0);
	return folder < 0 || fchmod(folder, 0700) < 0 ? err_sys(err, -errno, "cannot make '%s' in the tree", BOX_FOLDER) : 0;
}

int step_container(const struct step *step, struct err *err)
{
	int r = tree_container_quote_os_release(step, err);

	if (r == 0)
		r = tree_container_shorten_version(step, err);
	if (r == 0)
		r = tree_container_put_init(step, err);
	return r == 0 ? step_state(step, err) : r;
}
