/* Kernel settings: sysctl.d(5). */
#include <string.h>

#include "recipe/words/words.h"

/* --- reading --------------------------------------------------------------------------------------------------------- */

static const struct rule value_rule = {"a number, or text of one line", "[^[:cntrl:]]*"};
static const struct rule key_rule = {"a kernel setting, like net.ipv4.ip_forward",
				     "-?[A-Za-z0-9_*?][A-Za-z0-9_:@*?-]*([./][A-Za-z0-9_*?][A-Za-z0-9_:@*?-]*)+"};

static int words_sysctl_decode_value(struct decoder *decoder, const struct node *node, const char *path, void *out)
{
	struct recipe_sysctl *setting = out;

	if (node->type == NODE_SCALAR && node_is_null(node) && *setting->key == '-')
		return 0;
	if (node->type != NODE_SCALAR || node_scalar(node) == SCALAR_BOOL || node_scalar(node) == SCALAR_NULL ||
	    !decode_matches(&value_rule, node->text)) {
		problem_expected(decoder, node, path, value_rule.expected);
		if (node->type == NODE_LIST)
			return err_hint(decoder->err, "write several numbers as one text: \"4096 131072 6291456\"");
		return err_hint(decoder->err, "the kernel has numbers for yes and no: 1 and 0");
	}
	setting->value = node->text;
	return 0;
}

static const struct schema schema_value = {VALUE_TEXT, .rule = &value_rule, .decode = words_sysctl_decode_value};

/* --- what a key names ------------------------------------------------------------------------------------------------ */

/* The path below /proc/sys: the first of `.` and `/` that is in a key separates, the other stands for itself. */
static char *words_sysctl_path_of(struct arena *arena, const char *key)
{
	char *path = arena_strdup(arena, key + (*key == '-'));
	const char *first = strpbrk(path, "./");
	bool swap = first && *first == '.';

	for (char *c = path; swap && *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return path;
}

/* Settings that people write by hand, and those that are as near to them as a slip of the pen. */
static const char *const known_paths[] = {
	"fs/aio-max-nr", "fs/aio-nr", "fs/file-max", "fs/file-nr", "fs/inotify/max_queued_events",
	"fs/inotify/max_user_instances",
	"fs/inotify/max_user_watches", "fs/nr_open", "fs/protected_fifos", "fs/protected_hardlinks", "fs/protected_regular",
	"fs/protected_symlinks", "fs/suid_dumpable", "kernel/core_pattern", "kernel/core_uses_pid", "kernel/dmesg_restrict",
	"kernel/hung_task_timeout_secs", "kernel/kptr_restrict", "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni",
	"kernel/panic",
	"kernel/panic_on_oops", "kernel/perf_event_paranoid", "kernel/pid_max", "kernel/printk", "kernel/randomize_va_space",
	"kernel/sem", "kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/sysrq", "kernel/threads-max",
	"kernel/unprivileged_bpf_disabled", "kernel/unprivileged_userns_clone", "net/bridge/bridge-nf-call-arptables",
	"net/bridge/bridge-nf-call-ip6tables", "net/bridge/bridge-nf-call-iptables", "net/core/bpf_jit_harden",
	"net/core/default_qdisc", "net/core/netdev_budget", "net/core/netdev_max_backlog", "net/core/optmem_max",
	"net/core/rmem_default", "net/core/rmem_max", "net/core/somaxconn", "net/core/wmem_default", "net/core/wmem_max",
	"net/ipv4/conf/all/accept_redirects", "net/ipv6/conf/all/accept_redirects", "net/ipv4/conf/default/accept_redirects",
	"net/ipv6/conf/default/accept_redirects", "net/ipv4/conf/all/accept_source_route",
	"net/ipv6/conf/all/accept_source_route", "net/ipv4/conf/all/arp_announce", "net/ipv4/conf/all/arp_ignore",
	"net/ipv4/conf/all/forwarding", "net/ipv6/conf/all/forwarding", "net/ipv4/conf/default/forwarding",
	"net/ipv6/conf/default/forwarding", "net/ipv4/conf/all/log_martians", "net/ipv4/conf/all/rp_filter",
	"net/ipv4/conf/default/rp_filter", "net/ipv4/conf/all/secure_redirects", "net/ipv4/conf/all/send_redirects",
	"net/ipv4/conf/default/send_redirects", "net/ipv4/icmp_echo_ignore_all", "net/ipv4/icmp_echo_ignore_broadcasts",
	"net/ipv4/ip_forward", "net/ipv4/ip_local_port_range", "net/ipv4/ip_nonlocal_bind", "net/ipv6/ip_nonlocal_bind",
	"net/ipv4/ip_unprivileged_port_start", "net/ipv4/ping_group_range", "net/ipv4/tcp_congestion_control",
	"net/ipv4/tcp_fastopen", "net/ipv4/tcp_fin_timeout", "net/ipv4/tcp_keepalive_intvl", "net/ipv4/tcp_keepalive_probes",
	"net/ipv4/tcp_keepalive_time", "net/ipv4/tcp_max_syn_backlog", "net/ipv4/tcp_mem", "net/ipv4/tcp_mtu_probing",
	"net/ipv4/tcp_rmem", "net/ipv4/tcp_sack", "net/ipv4/tcp_syncookies", "net/ipv4/tcp_timestamps", "net/ipv4/tcp_tw_reuse",
	"net/ipv4/tcp_wmem", "net/ipv4/udp_mem", "net/ipv6/conf/all/accept_ra", "net/ipv6/conf/default/accept_ra",
	"net/ipv6/conf/all/autoconf", "net/ipv6/conf/all/disable_ipv6", "net/ipv6/conf/default/disable_ipv6",
	"net/ipv6/conf/lo/disable_ipv6", "net/netfilter/nf_conntrack_max", "user/max_user_namespaces",
	"vm/dirty_background_bytes", "vm/dirty_background_ratio", "vm/dirty_bytes", "vm/dirty_expire_centisecs",
	"vm/dirty_ratio", "vm/dirty_writeback_centisecs", "vm/max_map_count", "vm/min_free_kbytes", "vm/nr_hugepages",
	"vm/overcommit_memory", "vm/overcommit_ratio", "vm/panic_on_oom", "vm/swappiness", "vm/vfs_cache_pressure",
};
enum { N_KNOWN = sizeof known_paths / sizeof *known_paths };

/* Whether two paths differ in a few letters at one place: nearness by the length alone would take sisters for twins. */
static bool words_sysctl_is_slip(const char *path, const char *known)
{
	size_t n = strlen(path), m = strlen(known), shorter = n < m ? n : m, before = 0, after = 0;

	while (before < shorter && path[before] == known[before])
		before++;
	while (after < shorter - before && path[n - after - 1] == known[m - after - 1])
		after++;
	return (n > m ? n : m) - before - after <= 2 && shorter - before - after <= 2;
}

static const char *words_sysctl_dotted(struct arena *arena, const char *path)
{
	char *key = arena_strdup(arena, path);

	for (char *c = key; *c; c++)
		*c = *c == '/' ? '.' : *c;
	return key;
}

static void words_sysctl_warn_of(struct decoder *decoder, const struct recipe_sysctl *setting, const char *path,
				 const char *place)
{
	static const char *const roots[] = {"abi", "crypto", "debug", "dev", "fs", "kernel", "net", "sunrpc",
					    "user", "vm", "xen"};
	const char *root = arena_strndup(decoder->arena, path, strcspn(path, "/")), *near;
	size_t n = sizeof roots / sizeof *roots;

	if (strpbrk(path, "*?"))
		return;
	for (size_t i = 0; i < N_KNOWN; i++)
		if (strcmp(known_paths[i], path) == 0)
			return;
	for (size_t i = 0; i < N_KNOWN; i++)
		if (words_sysctl_is_slip(path, known_paths[i])) {
			err_warn(decoder->err, &setting->pos, place, "'%s' is not a setting that is known", setting->key);
			err_hint(decoder->err, "did you mean '%s'?", words_sysctl_dotted(decoder->arena, known_paths[i]));
			return;
		}
	if (strv_has(&(struct strv){(const char **)roots, n}, root))
		return;
	near = text_nearest(root, roots, n);
	err_warn(decoder->err, &setting->pos, place, "the kernel has no settings below '%s'", root);
	err_hint(decoder->err, "did you mean '%s'?", near ? near : "net, kernel, vm or fs");
}

/* --- rules ----------------------------------------------------------------------------------------------------------- */

/* What a container has of its own: its network, its message queues and shared memory, its name. */
static bool words_sysctl_is_container_s(const char *path)
{
	static const char *const own[] = {"net/", "fs/mqueue/", "kernel/msg", "kernel/sem", "kernel/shm", "kernel/hostname",
					  "kernel/domainname"};

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (text_has_prefix(path, own[i]))
			return true;
	return false;
}

/* A file of sysctl.d of the recipe's own that sets the same: whose name is later wins, and nobody sees that. */
static const char *words_sysctl_also_in(struct decoder *decoder, const char *path)
{
	const struct recipe *recipe = decoder->recipe;

	for (size_t i = 0; i < recipe->n_files; i++) {
		const char *text = strstr(recipe->files[i].path, "/sysctl.d/") ? recipe->files[i].text : NULL;
		char *rest = arena_strdup(decoder->arena, text);
		const char *line;

		while ((line = strsep(&rest, "\n"))) {
			line += strspn(line, " \t");
			line = arena_strndup(decoder->arena, line, strcspn(line, " \t="));
			if (*line && strcmp(words_sysctl_path_of(decoder->arena, line), path) == 0)
				return recipe->files[i].path;
		}
	}
	return NULL;
}

static void words_sysctl_check_one(struct decoder *decoder, size_t i)
{
	const struct recipe_sysctl *settings = decoder->recipe->sysctl;
	const char *place = problem_path(decoder->arena, "sysctl", settings[i].key);
	const char *path = words_sysctl_path_of(decoder->arena, settings[i].key), *file;

	if (problem_known(decoder, place))
		return;
	for (size_t j = 0; j < i; j++)
		if (strcmp(words_sysctl_path_of(decoder->arena, settings[j].key), path) == 0) {
			err_at(decoder->err, -EINVAL, &settings[i].pos, place, "this is the same setting as '%s' at %s:%u",
			       settings[j].key, settings[j].pos.file, settings[j].pos.line);
			err_hint(decoder->err, "write it the same way to override it, or remove one of them");
			return;
		}
	if (decoder->recipe->kind == KIND_LXC && *settings[i].key != '-' && !words_sysctl_is_container_s(path)) {
		err_at(decoder->err, -EINVAL, &settings[i].pos, place, "a container cannot set it: it is the host's kernel");
		err_hint(decoder->err, "move it below 'vm' if it is for virtual machines only");
	}
	file = words_sysctl_also_in(decoder, path);
	if (file) {
		err_warn(decoder->err, &settings[i].pos, place, "'%s' sets it, too", file);
		err_hint(decoder->err, "the file whose name comes later counts: remove one of them");
	}
	words_sysctl_warn_of(decoder, &settings[i], path, place);
}

static void words_sysctl_check(struct decoder *decoder, const struct node *root)
{
	(void)root;
	for (size_t i = 0; i < decoder->recipe->n_sysctl; i++)
		words_sysctl_check_one(decoder, i);
}

const struct schema word_sysctl = {
	VALUE_TABLE,
	.element = &schema_value,
	.size = sizeof(struct recipe_sysctl),
	.key_rule = &key_rule,
	.key_offset = WORD_OF(recipe_sysctl, key),
	.pos_offset = WORD_OF(recipe_sysctl, pos),
	.check = words_sysctl_check,
};
