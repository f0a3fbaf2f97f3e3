/* aether-build run RECIPE|IMAGE: an image as a machine of its own, until it is powered off or Ctrl-C is pressed. */
#include <errno.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"
#include "edge/json.h"
#include "run/trial.h"
#include "verb/start.h"

static int choose_ports(struct arena *arena, const struct verb_options *options, struct session_spec *spec, struct err *err)
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

static void print_text(const struct session *session, const struct strv *way_in)
{
	const struct forwards *forwards = &session->spec->forwards;

	for (size_t i = 0; i < forwards->count; i++)
		printf("127.0.0.1:%u -> %u\n", forwards->items[i].host, forwards->items[i].guest);
	if (!session->spec->console)
		printf("console: %s/" MACHINE_CONSOLE "\n", session_folder(session));
	for (size_t i = 0; i < way_in->count; i++)
		printf("%s%s", way_in->items[i], i + 1 < way_in->count ? " " : "\n");
}

static void print_json(struct arena *arena, const struct session *session, const struct strv *way_in)
{
	const struct forwards *forwards = &session->spec->forwards;
	_cleanup_json_ struct json *object = json_new_object();
	struct json *ports = json_new_array(), *words = json_new_array();

	for (size_t i = 0; i < forwards->count; i++) {
		struct json *port = json_new_object();

		json_set(port, "host", json_number(forwards->items[i].host));
		json_set(port, "guest", json_number(forwards->items[i].guest));
		json_add(ports, port);
	}
	for (size_t i = 0; i < way_in->count; i++)
		json_add(words, json_text(way_in->items[i]));
	json_set(object, "name", json_text(session->spec->target.name));
	json_set(object, "image", json_text(session->spec->target.image));
	json_set(object, "means", json_text(session_means(session)));
	json_set(object, "folder", json_text(session_folder(session)));
	json_set(object, "ports", ports);
	json_set(object, "shell", words);
	puts(json_print(arena, object, false));
}

/* Until all has started: the guest agent answers long before sshd does. A system of another kind cannot be asked. */
static int wait_for_system(struct arena *arena, const struct session *session, struct err *err)
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

/* Says where it is, says when it is up, and waits for its end. That it never comes up is no error: somebody may be
 * looking at why. */
static int attend(struct arena *arena, const struct verb_options *options, struct session *session, struct err *err)
{
	const struct strv way_in = session_way_in(arena, session);
	struct err late = {0};
	int r;

	if (options->json)
		print_json(arena, session, &way_in);
	else
		print_text(session, &way_in);
	fflush(stdout);
	if (!options->console)
		log_step("booting (%s)", session_means(session));
	r = session_wait(session, &late);
	if (r == 0)
		r = wait_for_system(arena, session, &late);
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

static int run(const struct verb_options *options, char *const *arguments, size_t n_arguments, struct err *err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct session_spec spec = {0};
	struct session session = {0};
	struct termios terminal;
	bool has_terminal = options->console && tcgetattr(0, &terminal) == 0;
	int r = start_options(arena, options, &spec, err);

	(void)n_arguments;
	if (r == 0)
		r = start_target(arena, options, arguments[0], &spec.target, err);
	if (r == 0)
		r = choose_ports(arena, options, &spec, err);
	if (r == 0)
		r = session_start(arena, &spec, &session, err);
	if (r == 0)
		r = attend(arena, options, &session, err);
	if (session.spec)
		session_power_off(&session);
	session_close(&session);
	if (has_terminal) /* a QEMU that was ended leaves it as it needed it */
		tcsetattr(0, TCSADRAIN, &terminal);
	return r;
}

const struct verb verb_run = {
	.name = "run",
	.arguments = "RECIPE|IMAGE",
	.summary = "Boots an image on a throw-away disk, and prints the way in",
	.accepts = ACCEPTS_OUT | ACCEPTS_RECIPE | ACCEPTS_KIND | ACCEPTS_START | ACCEPTS_PORTS,
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
