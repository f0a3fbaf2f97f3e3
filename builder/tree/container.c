/* What a tree needs to become a container: words that a hypervisor reads, and a start for mount points that are empty
 * at first. */
#include <ctype.h>
#include <string.h>

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

int step_container(const struct step *step, struct err *err)
{
	int r = tree_container_quote_os_release(step, err);

	if (r == 0)
		r = tree_container_shorten_version(step, err);
	return r == 0 ? step_state(step, err) : r;
}
