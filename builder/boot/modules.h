/* The kernel modules that an initrd has to bring, from what depmod(8) wrote: modules.dep and modules.builtin. */
#ifndef BOOT_MODULES_H
#define BOOT_MODULES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

/* A module that is wanted: its name (- and _ are one), and whether nothing works without it. */
struct modules_wanted {
	const char *name;
	bool required;
};

/* Lists the files of `n` wanted modules and all they depend on, each after what it depends on, as modules.dep names them
 * (relative to its folder). What is built into the kernel needs no file. A required one that is neither is an error, and so
 * is a dependency without a line of its own: -ENOENT. Pure: `dep` and `builtin` are the texts of the two files. */
int modules_order(struct arena *arena, const char *dep, const char *builtin, const struct modules_wanted *wanted, size_t n,
		  struct strv *ret_files, struct err *err);

/* The name of the module in the file `path` ("kernel/fs/erofs/erofs.ko.xz" is "erofs"), with _ for -. */
const char *modules_name(struct arena *arena, const char *path, size_t length);

#endif
