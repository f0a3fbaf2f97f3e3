#include "recipe/words/mount_options.h"

#include <string.h>

/* mount(8), "Filesystem-independent mount options"; those of SELinux. */
static const char *const any[] = {
	"async", "atime", "auto", "comment", "context", "defaults", "defcontext", "dev", "diratime", "dirsync", "exec",
	"fscontext", "group", "iversion", "lazytime", "loud", "mand", "noatime", "noauto", "nodev", "nodiratime", "noexec",
	"nofail", "noiversion", "nolazytime", "nomand", "norelatime", "nostrictatime", "nosuid", "nosymfollow", "nouser",
	"owner", "relatime", "ro", "rootcontext", "rw", "silent", "strictatime", "suid", "sync", "user", "users", "_netdev",
	NULL,
};

/* ext4(5), and Documentation/admin-guide/ext4.rst of Linux. */
static const char *const ext4[] = {
	"abort", "acl", "auto_da_alloc", "barrier", "block_validity", "bsddf", "bsdgroups", "commit", "data", "data_err",
	"dax", "debug", "debug_want_extra_isize", "delalloc", "dioread_lock", "dioread_nolock", "discard", "errors", "grpid",
	"grpjquota", "grpquota", "i_version", "init_itable", "inlinecrypt", "inode_readahead_blks", "journal_async_commit",
	"journal_checksum", "journal_dev", "journal_ioprio", "journal_path", "jqfmt", "max_batch_time", "max_dir_size_kb",
	"mb_optimize_scan", "min_batch_time", "minixdf", "noacl", "noauto_da_alloc", "nobarrier", "noblock_validity",
	"nodelalloc", "nodiscard", "nogrpid", "noinit_itable", "nojournal_checksum", "noload", "nombcache", "noquota",
	"norecovery", "nouser_xattr", "nowarn_on_error", "oldalloc", "orlov", "prefetch_block_bitmaps",
	"no_prefetch_block_bitmaps", "prjquota", "quota", "resgid", "resuid", "sb", "stripe", "sysvgroups", "user_xattr",
	"usrjquota", "usrquota", "warn_on_error", NULL,
};

/* mount(8), "Mount options for fat" and "for vfat"; Documentation/filesystems/vfat.rst of Linux. */
static const char *const vfat[] = {
	"allow_utime", "blocksize", "check", "codepage", "debug", "discard", "dmask", "dos1xfloppy", "dots", "dotsOK", "errors",
	"fat", "flush", "fmask", "gid", "iocharset", "nfs", "nodots", "nonumtail", "quiet", "rodir", "shortname", "showexec",
	"sys_immutable", "time_offset", "tz", "uid", "umask", "uni_xlate", "usefree", "utf8", NULL,
};

/* xfs(5), and Documentation/admin-guide/xfs.rst of Linux. */
static const char *const xfs[] = {
	"allocsize", "attr2", "dax", "discard", "filestreams", "gqnoenforce", "gquota", "grpid", "grpquota", "ikeep", "inode32",
	"inode64", "largeio", "logbsize", "logbufs", "logdev", "lifetime", "max_atomic_write", "max_open_zones", "noalign",
		"noattr2",
	"nodiscard", "nogrpid", "noikeep", "nolargeio", "nolifetime", "noquota", "norecovery", "nouuid", "pqnoenforce",
		"pquota", "prjquota",
	"qnoenforce", "quota", "rtdev", "swalloc", "sunit", "swidth", "sysvgroups", "bsdgroups", "uqnoenforce", "uquota",
		"usrquota",
	"wsync", NULL,
};

/* btrfs(5), "Mount options". */
static const char *const btrfs[] = {
	"acl", "noacl", "autodefrag", "noautodefrag", "barrier", "nobarrier", "check_int", "check_int_data",
		"check_int_print_mask",
	"clear_cache", "commit", "compress", "compress-force", "datacow", "nodatacow", "datasum", "nodatasum", "degraded",
		"device",
	"discard", "nodiscard", "enospc_debug", "noenospc_debug", "fatal_errors", "flushoncommit", "noflushoncommit",
		"fragment",
	"ignorebadroots", "ignoredatacsums", "inode_cache", "max_inline", "metadata_ratio", "norecovery", "nologreplay",
		"recovery",
	"ref_verify", "rescan_uuid_tree", "rescue", "skip_balance", "space_cache", "nospace_cache", "ssd", "ssd_spread",
		"nossd",
	"nossd_spread", "subvol", "subvolid", "subvolrootid", "thread_pool", "treelog", "notreelog", "usebackuproot",
	"user_subvol_rm_allowed", NULL,
};

/* Documentation/filesystems/f2fs.rst of Linux. */
static const char *const f2fs[] = {
	"acl", "noacl", "active_logs", "alloc_mode", "atgc", "background_gc", "barrier", "nobarrier", "checkpoint",
		"checkpoint_merge",
	"nocheckpoint_merge", "compress_algorithm", "compress_cache", "compress_chksum", "compress_extension",
		"compress_log_size",
	"compress_mode", "data_flush", "disable_ext_identify", "disable_roll_forward", "discard", "nodiscard", "discard_unit",
	"errors", "extent_cache", "noextent_cache", "fastboot", "fault_injection", "fault_type", "flush_merge", "noflush_merge",
	"fsync_mode", "gc_merge", "nogc_merge", "grpjquota", "grpquota", "heap", "no_heap", "inline_data", "noinline_data",
	"inline_dentry", "noinline_dentry", "inline_xattr", "noinline_xattr", "inline_xattr_size", "inlinecrypt", "io_bits",
		"jqfmt",
	"lazytime", "memory", "mode", "nat_bits", "nocompress_extension", "norecovery", "noquota", "offgrpjquota",
		"offprjjquota",
	"offusrjquota", "prjjquota", "prjquota", "quota", "reserve_root", "resgid", "resuid", "test_dummy_encryption",
		"user_xattr",
	"nouser_xattr", "usrjquota", "usrquota", "whint_mode", "age_extent_cache", NULL,
};

/* tmpfs(5). */
static const char *const tmpfs[] = {
	"gid", "grpquota", "grpquota_block_hardlimit", "grpquota_inode_hardlimit", "huge", "inode32", "inode64", "mode", "mpol",
	"nr_blocks", "nr_inodes", "noswap", "quota", "size", "uid", "usrquota", "usrquota_block_hardlimit",
		"usrquota_inode_hardlimit",
	NULL,
};

/* mount(8), "Bind mount operation". */
static const char *const bind[] = {"bind", "rbind", "private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable",
				   "runbindable", NULL};

static const struct { const char *format; const char *const *options; } formats[] = {
	{"ext4", ext4}, {"vfat", vfat}, {"xfs", xfs}, {"btrfs", btrfs}, {"f2fs", f2fs}, {"tmpfs", tmpfs}, {"bind", bind}};

size_t mount_options_known(const char *format, const char *known[MOUNT_OPTIONS_MAX])
{
	_Static_assert(sizeof any / sizeof *any + sizeof f2fs / sizeof *f2fs < MOUNT_OPTIONS_MAX, "all of them have room");
	size_t n = 0;

	for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
		if (!format || strcmp(formats[f].format, format) != 0)
			continue;
		for (const char *const *option = any; *option; option++)
			known[n++] = *option;
		for (const char *const *option = formats[f].options; *option; option++)
			known[n++] = *option;
	}
	return n;
}
