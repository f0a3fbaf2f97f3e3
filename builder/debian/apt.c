#include "debian/apt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "debian/control.h"
#include "host/proc.h"

enum { APT_SECONDS_MAX = 300, SAID_BYTES_MAX = 6000 };

/* Every folder apt looks into is one of ours; APT_CONFIG is read before any other file and so decides where those are.
 * The solver is named because apt 3 has two, which choose differently. */
static const char config[] = "Dir \"%1$s/\";\n"
			     "Dir::Etc \"etc\";\n"
			     "Dir::State \"state\";\n"
			     "Dir::State::status \"%1$s/state/status\";\n"
			     "Dir::Cache \"cache\";\n"
			     "Dir::Cache::srcpkgcache \"\";\n"
			     "Dir::Log \"log\";\n"
			     "APT::Architecture \"amd64\";\n"
			     "APT::Architectures { \"amd64\"; };\n"
			     "APT::Install-Recommends \"false\";\n"
			     "APT::Install-Suggests \"false\";\n"
			     "APT::Solver \"internal\";\n"
			     "Acquire::Languages \"none\";\n"
			     "Debug::NoLocking \"true\";\n"
			     "Dpkg::Use-Pty \"false\";\n";

/* What apt has to know of a Release: how much it wants of the suite by itself. */
static int apt_put_release(const struct apt_suite *suite, size_t number, const char *path, struct err *err)
{
	static const char *const fields[] = {"NotAutomatic", "ButAutomaticUpgrades"};
	struct control control = {0};
	struct control_field field;
	_cleanup_buf_ struct buf text = {0};

	buf_printf(&text, "Suite: s%zu\nCodename: s%zu\n", number, number);
	if (suite->release && suite->release->size)
		control = (struct control){suite->release->data, suite->release->data + suite->release->size};
	while (control_next(&control, &field) == CONTROL_FIELD)
		for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
			if (control_is(&field, fields[i]))
				buf_printf(&text, "%s: %.*s\n", fields[i], (int)field.length, field.value);
	return file_write(path, text.data, text.size, 0644, err);
}

/* No host ends in .invalid (RFC 2606): these addresses only tell the suites apart. What suites and components are called, and
 * whether there are any, is between the archive and us; apt is given names of ours, which no file name has to escape. */
static int apt_add_suite(struct arena *arena, const char *folder, size_t number, const struct apt_suite *suite,
			 struct buf *sources, struct err *err)
{
	const char *dist = arena_printf(arena, "%s/state/lists/%zu.invalid_dists_s%zu", folder, number, number);
	size_t component = 0;
	int r;

	buf_printf(sources, "deb [trusted=yes arch=amd64] http://%zu.invalid/ s%zu", number, number);
	for (size_t i = 0; i < suite->n_indexes; i++) {
		const struct apt_index *index = &suite->indexes[i];

		if (i == 0 || strcmp(suite->indexes[i - 1].component, index->component) != 0) /* one's indexes stand together */
			buf_printf(sources, " c%zu", ++component);
		/* A copy: apt gives up on an index whose time changes meanwhile, and the cache's entries change theirs when
		 * another lock uses them. */
		r = file_copy(index->path,
			      arena_printf(arena, "%s_c%zu_binary-%s_Packages", dist, component, index->arch), err);
		if (r < 0)
			return r;
	}
	buf_puts(sources, "\n");
	return apt_put_release(suite, number, arena_printf(arena, "%s_Release", dist), err);
}

int apt_open(struct arena *arena, const char *folder, const struct apt_suite *suites, size_t n, struct apt *ret_apt,
	     struct err *err)
{
	static const char *const folders[] = {"etc/apt.conf.d",
					      "etc/preferences.d",
					      "etc/sources.list.d",
					      "etc/trusted.gpg.d",
					      "state/lists/partial",
					      "cache/archives/partial",
					      "log"};
	_cleanup_buf_ struct buf sources = {0}, conf = {0};
	const char *conf_path = arena_printf(arena, "%s/apt.conf", folder);
	const char **env = arena_array(arena, const char *, 5);
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof folders / sizeof *folders; i++)
		r = folder_make(arena_printf(arena, "%s/%s", folder, folders[i]), 0755, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = apt_add_suite(arena, folder, i, &suites[i], &sources, err);
	buf_puts(&conf, arena_printf(arena, config, folder));
	if (r == 0)
		r = file_write(conf_path, conf.data, conf.size, 0644, err);
	if (r == 0)
		r = file_write(arena_printf(arena, "%s/etc/sources.list", folder), sources.data, sources.size, 0644,
			       err);
	if (r == 0)
		r = file_write(arena_printf(arena, "%s/state/status", folder), "", 0, 0644, err);
	if (r < 0)
		return r;
	env[0] = arena_printf(arena, "APT_CONFIG=%s", conf_path);
	env[1] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	env[2] = "LC_ALL=C.UTF-8";
	env[3] = arena_printf(arena, "HOME=%s", folder);
	*ret_apt = (struct apt){folder, env};
	return 0;
}

int apt_prefer(const struct apt *apt, const struct buf *preferences, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	return file_write(arena_printf(arena, "%s/etc/preferences", apt->folder),
			  preferences->size ? preferences->data : "", preferences->size, 0644, err);
}

/* Ends the part of a file name at `*at` with `end` (of one or more characters), decodes it, and moves on. NULL if it
 * has no end. */
static const char *apt_next_part(struct arena *arena, const char **at, const char *end)
{
	const char *stop = strstr(*at, end);
	char *part, *to;
	unsigned char byte;

	if (!stop)
		return NULL;
	part = to = arena_strndup(arena, *at, (size_t)(stop - *at));
	for (const char *from = part; *from; from++) {
		char digits[3] = {from[0] == '%' ? from[1] : 0, from[0] == '%' && from[1] ? from[2] : 0, 0};

		if (strlen(digits) == 2 && hex_decode(digits, &byte, 1) == 0) {
			*to++ = (char)byte;
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
	*at = stop + strlen(end);
	return part;
}

/* A line of --print-uris: `'http://SUITE.invalid/PATH' NAME_VERSION_ARCH.deb SIZE DIGEST`, where `_` and `:` in the
 * parts are percent-encoded. */
static bool apt_read_choice(struct arena *arena, const char *line, struct apt_choice *choice)
{
	static const char begin[] = "'http://";
	const char *at;
	char *end;

	if (!text_has_prefix(line, begin))
		return false;
	choice->suite = strtoull(line + strlen(begin), &end, 10);
	at = strstr(line, "' ");
	if (!text_has_prefix(end, ".invalid/") || !at)
		return false;
	at += 2;
	choice->name = apt_next_part(arena, &at, "_");
	choice->version = choice->name ? apt_next_part(arena, &at, "_") : NULL;
	choice->arch = choice->version ? apt_next_part(arena, &at, ".deb ") : NULL;
	return choice->arch;
}

/* apt explains itself on stdout, after some lines of progress, and concludes on stderr. */
static int apt_explain(struct arena *arena, struct buf *said, struct buf *diagnostics, struct err *err)
{
	static const char marker[] = "The following packages have unmet dependencies:";
	const char *why = said->size ? strstr(said->data, marker) : NULL;
	size_t length;

	err_set(err, -EIO, "apt cannot install all of these packages together");
	if (!why)
		why = said->size ? said->data : "";
	why = arena_printf(arena, "%s\n%s", why, diagnostics->size ? diagnostics->data : "");
	length = strlen(why);
	while (length && (why[length - 1] == '\n' || why[length - 1] == ' '))
		length--;
	return err_wrap(err, "| %.*s", (int)(length < SAID_BYTES_MAX ? length : SAID_BYTES_MAX), why);
}

int apt_install(struct arena *arena, const struct apt *apt, const struct strv *names, struct apt_choice **ret_choices,
		size_t *ret_n, struct err *err)
{
	static const char *const command[] = {"apt-get", "-q", "--yes", "--print-uris", "--no-install-recommends",
					      "install", "--"};
	_cleanup_buf_ struct buf said = {0}, diagnostics = {0};
	struct proc proc = {.env = apt->env,
			    .cwd = apt->folder,
			    .output = &said,
			    .diagnostics = &diagnostics,
			    .deadline_s = APT_SECONDS_MAX};
	struct apt_choice *choices = NULL, choice;
	size_t n = 0;
	struct strv argv = {0};
	int r;

	for (size_t i = 0; i < sizeof command / sizeof *command; i++)
		strv_push(arena, &argv, command[i]);
	for (size_t i = 0; i < names->count; i++)
		strv_push(arena, &argv, names->items[i]);
	*arena_push(arena, argv.items, argv.count) = NULL;
	proc.argv = argv.items;
	r = proc_run(&proc, err);
	if (r < 0)
		return r == -ENOENT ? err_hint(err, "install the package 'apt'") : r;
	if (r > 0)
		return apt_explain(arena, &said, &diagnostics, err);
	for (const char *at = said.size ? said.data : ""; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (apt_read_choice(arena, arena_strndup(arena, at, strcspn(at, "\n")), &choice))
			*arena_push(arena, choices, n) = choice;
	*ret_choices = choices;
	*ret_n = n;
	return 0;
}
