/* aether-build run RECIPE|GENERATION|IMAGE: an image as a machine of its own, until it is powered off or Ctrl-C is pressed. */
#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"
#include "edge/jval.h"
#include "run/trial.h"
#include "verb/options/recipe.h"
#include "verb/options/start.h"
#include "verb/verb.h"

struct run_options {
	struct common_options common;
	struct project_options recipe;
	struct start_options start;
	const char *out, *seed;
	struct option_list ports;
	bool console;
};

static const struct option run_own_options[] = {
	OPTION_OUT(run_options),
	{"port", "HOST:GUEST", "forward a port of 127.0.0.1 to the machine; may be repeated", OPTION_LIST,
	 offsetof(struct run_options, ports), NULL},
	{"console", NULL, "use this terminal as the serial console (Ctrl-A X stops a VM)", OPTION_FLAG,
	 offsetof(struct run_options, console), NULL},
	{"seed", "FOLDER", "folder with user-data and meta-data: the machine's seed", OPTION_TEXT,
	 offsetof(struct run_options, seed), NULL},
	{0},
};
static const struct option_group run_option_groups[] = {{recipe_options, offsetof(struct run_options, recipe)},
							{kind_options, offsetof(struct run_options, recipe)},
							{start_options, offsetof(struct run_options, start)},
							{run_own_options, 0},
							{0}};

static int run_choose_ports(struct arena *arena, const struct run_options *options, struct session_spec *spec,
			    struct err *err)
{
	int r = 0;

	if (spec->target.container)
		return 0;
	ports_add(arena, &spec->forwards, 0, 22);
	for (size_t i = 0; i < spec->target.tcp.count; i++)
		ports_add_range(arena, &spec->forwards, spec->target.tcp.items[i]);
	for (size_t i = 0; i < options->ports.count && r == 0; i++)
		r = ports_read(arena, &spec->forwards, options->ports.items[i], err);
	return r;
}

static void run_print_text(const struct session *session, const struct strv *way_in)
{
	const struct forwards *forwards = &session->spec->forwards;

	for (size_t i = 0; i < forwards->count; i++)
		printf("127.0.0.1:%u -> %u\n", forwards->items[i].host, forwards->items[i].guest);
	if (!session->spec->console)
		printf("console: %s/" MACHINE_CONSOLE "\n", session_folder(session));
	for (size_t i = 0; i < way_in->count; i++)
		printf("%s%s", way_in->items[i], i + 1 < way_in->count ? " " : "\n");
}

static void run_print_json(struct arena *arena, const struct session *session, const struct strv *way_in)
{
	const struct forwards *forwards = &session->spec->forwards;
	_cleanup_jval_ struct jval *object = jval_new_object();
	struct jval *ports = jval_new_array(), *words = jval_new_array();

	for (size_t i = 0; i < forwards->count; i++) {
		struct jval *port = jval_new_object();

		jval_set(port, "host", jval_number(forwards->items[i].host));
		jval_set(port, "guest", jval_number(forwards->items[i].guest));
		jval_add(ports, port);
	}
	for (size_t i = 0; i < way_in->count; i++)
		jval_add(words, jval_text(way_in->items[i]));
	jval_set(object, "name", jval_text(session->spec->target.name));
	jval_set(object, "image", jval_text(session->spec->target.image));
	jval_set(object, "means", jval_text(session_means(session)));
	jval_set(object, "folder", jval_text(session_folder(session)));
	jval_set(object, "ports", ports);
	jval_set(object, "shell", words);
	puts(jval_print(arena, object, false));
}

/* Until all has started: the guest agent answers long before sshd does. A system of another kind cannot be asked. */
static int run_wait_for_system(struct arena *arena, const struct session *session, struct err *err)
{
	struct trial trial = {.arena = arena};
	const char *failed_units = "";
	struct err unknown = {0};
	int r = trial_boot(&trial, &session->guest, session_deadline_ms(session), &failed_units, &unknown);

	log_step(NULL);
	if (*failed_units)
		log_note("units that have failed: %s", failed_units);
	if (r == -EINTR || r == -EPIPE || r == -ECHILD)
		err_take(err, &unknown);
	err_free(&unknown);
	return err_result(err);
}

/* Prints how to reach it and when it is up, and waits for its end. Not coming up is no error: the user may want to
 * see why. */
static int run_attend(struct arena *arena, const struct run_options *options, struct session *session, struct err *err)
{
	const struct strv way_in = session_way_in(arena, session);
	struct err late = {0};
	int r;

	if (options->common.json)
		run_print_json(arena, session, &way_in);
	else
		run_print_text(session, &way_in);
	fflush(stdout);
	if (!options->console)
		log_step("booting (%s)", session_means(session));
	r = session_wait(session, &late);
	if (r == 0)
		r = run_wait_for_system(arena, session, &late);
	log_step(NULL);
	if (r == -ETIME)
		log_warn("%s", late.first->text);
	else if (r < 0 && r != -EINTR)
		err_take(err, &late);
	else if (r == 0 && !options->console)
		log_note("%s is up; Ctrl-C powers it off", session->spec->target.name);
	err_free(&late);
	if (r == 0 || r == -ETIME)
		r = session_wait_off(session);
	return r == -EINTR ? 0 : r;
}

static int run_run(const void *data, char *const *arguments, size_t n_arguments, struct err *err)
{
	const struct run_options *options = data;
	_cleanup_arena_ struct arena *arena = arena_new();
	struct session_spec spec = {0};
	struct session session = {0};
	struct termios terminal;
	bool has_terminal = options->console && tcgetattr(0, &terminal) == 0;
	const struct build_how how = {.recipe = options->recipe, .out = options->out, .cache = options->common.cache};
	const char *machine_only = options->seed ? "seed" : options->ports.count ? "port" : NULL;
	int r = start_read(&options->start, &spec, err);

	(void)n_arguments;
	spec.cache = options->common.cache ? options->common.cache : cache_default(arena);
	spec.console = options->console;
	spec.seed = options->seed;
	if (r == 0)
		r = start_target(arena, &options->start, &how, arguments[0], machine_only, &spec.target, err);
	if (r == 0)
		r = run_choose_ports(arena, options, &spec, err);
	if (r == 0)
		r = session_start(arena, &spec, &session, err);
	if (r == 0)
		r = run_attend(arena, options, &session, err);
	if (session.spec)
		session_power_off(&session);
	session_close(&session);
	if (has_terminal) /* a killed QEMU does not restore the terminal's mode */
		tcsetattr(0, TCSADRAIN, &terminal);
	return r;
}

const struct verb verb_run = {
	.name = "run",
	.arguments = "RECIPE|GENERATION|IMAGE",
	.summary = "Boots an image on a temporary disk, and prints how to log in",
	.options = run_option_groups,
	.options_size = sizeof(struct run_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run_run,
};
