/* What is decided before a machine runs, and what is read of one that does: command lines, ports, seeds, the guest agent,
 * verdicts. */
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "edge/bundle.h"
#include "edge/digest.h"
#include "host/accel.h"
#include "host/signals.h"
#include "run/qemu/command.h"
#include "run/qemu/guest_agent.h"
#include "run/qemu/seed.h"
#include "run/target.h"
#include "run/trial.h"
#include "scratch.h"

/* --- QEMU's command line --------------------------------------------------------------------------------------------- */

/* The words with a space between them, and at both ends. */
static const char *line_of(struct arena *arena, const struct qemu *qemu)
{
	const char *const *words = qemu_command(arena, qemu);
	const char *line = " ";

	for (; *words; words++)
		line = arena_printf(arena, "%s%s ", line, *words);
	return line;
}

static const struct forwards no_ports;

START_TEST(an_emulated_machine_has_one_processor)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct qemu qemu = {.name = "a", .accel = ACCEL_TCG, .memory_bytes = 512 << 20, .forwards = &no_ports};

	ck_assert_ptr_nonnull(strstr(line_of(arena, &qemu), " -accel tcg -cpu max -smp 1 -m 512 "));
	qemu.accel = ACCEL_KVM;
	ck_assert_ptr_nonnull(strstr(line_of(arena, &qemu), " -accel kvm -cpu host -smp 2 "));
}
END_TEST

START_TEST(ports_are_forwarded_from_this_host_alone)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct forward items[] = {{2222, 22}, {8080, 80}};
	const struct forwards forwards = {items, 2};
	struct qemu qemu = {.name = "a", .forwards = &forwards};

	ck_assert_ptr_nonnull(strstr(line_of(arena, &qemu), " -netdev user,id=net,hostfwd=tcp:127.0.0.1:2222-:22,"
							    "hostfwd=tcp:127.0.0.1:8080-:80 "));
}
END_TEST

START_TEST(uefi_is_another_machine_with_variables_of_its_own)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct qemu qemu = {.name = "a", .forwards = &no_ports};
	const char *line = line_of(arena, &qemu);

	ck_assert_ptr_nonnull(strstr(line, " -machine pc "));
	ck_assert_ptr_null(strstr(line, "pflash"));
	qemu.firmware = "/fw/a,b.fd";
	line = line_of(arena, &qemu);
	ck_assert_ptr_nonnull(strstr(line, " -machine q35 "));
	ck_assert_ptr_nonnull(strstr(line, " if=pflash,format=raw,readonly=on,file=/fw/a,,b.fd "));
	ck_assert_ptr_nonnull(strstr(line, " if=pflash,format=raw,file=variables "));
}
END_TEST

/* It can be written to: what is on it is wiped by the machine. */
START_TEST(an_identity_comes_on_a_disc_of_its_own)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct qemu qemu = {.name = "a", .forwards = &no_ports};

	ck_assert_ptr_null(strstr(line_of(arena, &qemu), "identity"));
	qemu.identity = true;
	ck_assert_ptr_nonnull(strstr(line_of(arena, &qemu),
				     " -drive file=identity.iso,if=none,id=identity,format=raw,cache=unsafe "));
}
END_TEST

START_TEST(a_console_on_the_terminal_is_kept_in_its_file_too)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct qemu qemu = {.name = "a", .forwards = &no_ports};

	ck_assert_ptr_nonnull(strstr(line_of(arena, &qemu), " -chardev file,id=console,path=console "));
	qemu.console = true;
	ck_assert_ptr_nonnull(strstr(line_of(arena, &qemu), ",mux=on,signal=off,logfile=console -mon chardev=console "));
}
END_TEST

START_TEST(a_kernel_alone_is_no_sign_of_life)
{
	ck_assert(!accel_shows_life("Booting `gateway'\n[    0.000000] Linux version 6.12\n"));
	ck_assert(accel_shows_life("[    1.2] Run /init as init process\n"));
	ck_assert(accel_shows_life("[    4.0] systemd[1]: Detected virtualization qemu.\n"));
}
END_TEST

/* --- ports ----------------------------------------------------------------------------------------------------------- */

START_TEST(a_pair_of_ports_is_read_and_what_is_none_is_refused)
{
	static const char *const bad[] = {"", "x", "0:80", "8080:0", "80:", ":80", "8080:70000", "80:80:80", "80x", "-1"};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct forwards forwards = {0};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err = {0};

		ck_assert_msg(ports_read(arena, &forwards, bad[i], &err) == -EINVAL, "'%s' is taken", bad[i]);
		err_free(&err);
	}
	ck_assert_uint_eq(forwards.count, 0);
	ck_assert_int_eq(ports_read(arena, &forwards, "80", NULL), 0);
	ck_assert_int_eq(ports_read(arena, &forwards, "8080:80", NULL), 0);
	ck_assert_uint_eq(forwards.count, 1);
	ck_assert_uint_eq(ports_find(&forwards, 80), 8080);
	ports_add_range(arena, &forwards, "8000-8100");
	ck_assert_uint_eq(forwards.count, 17);
}
END_TEST

START_TEST(chosen_ports_are_free_and_different_and_a_taken_one_is_refused)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct forwards forwards = {0}, again = {0};
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	struct err err = {0};
	int taken;

	for (unsigned port = 1; port <= 50; port++)
		ports_add(arena, &forwards, 0, port);
	ck_assert_int_eq(ports_choose(&forwards, &err), 0);
	for (size_t i = 0; i < forwards.count; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(forwards.items[i].host, forwards.items[j].host);
	taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(listen(taken, 1), 0); /* on a port that the kernel chooses, of all addresses */
	ck_assert_int_eq(getsockname(taken, (struct sockaddr *)&address, &size), 0);
	ports_add(arena, &again, (unsigned)((unsigned char *)&address)[2] << 8 | ((unsigned char *)&address)[3], 22);
	ck_assert_int_eq(ports_choose(&again, &err), -EADDRINUSE);
	err_free(&err);
	close(taken);
}
END_TEST

/* --- seed ------------------------------------------------------------------------------------------------------------ */

START_TEST(a_seed_is_a_disc_called_cidata)
{
	const char *path = scratch_path("seed.iso");
	_cleanup_buf_ struct buf disc = {0};
	struct err err = {0};

	ck_assert_int_eq(seed_write(path, "wiki", NULL, &err), 0);
	ck_assert_int_eq(file_read(path, 16 << 20, &disc, &err), 0);
	ck_assert_uint_gt(disc.size, 0x8000 + 2048);
	ck_assert_int_eq(memcmp(disc.data + 0x8001, "CD001", 5), 0);  /* ECMA-119, 8.4: the primary volume descriptor */
	ck_assert_int_eq(strncasecmp(disc.data + 0x8028, "cidata ", 7), 0);
	ck_assert_ptr_nonnull(memmem(disc.data, disc.size, "local-hostname: wiki", 20));
	ck_assert_ptr_nonnull(memmem(disc.data, disc.size, "#cloud-config", 13));
	ck_assert_ptr_nonnull(memmem(disc.data, disc.size, "network-config", 14)); /* Rock Ridge: a name with a dash */
}
END_TEST

START_TEST(a_folder_of_ones_own_is_the_seed)
{
	const char *folder = scratch_path("own");
	_cleanup_buf_ struct buf disc = {0};
	struct err err = {0};

	ck_assert_int_eq(mkdir(folder, 0755), 0);
	ck_assert_int_eq(seed_write(scratch_path("seed.iso"), "wiki", folder, &err), -ENOENT);
	err_free(&err);
	ck_assert_int_eq(file_write(scratch_path("own/meta-data"), "instance-id: mine\n", 18, 0644, &err), 0);
	ck_assert_int_eq(file_write(scratch_path("own/user-data"), "#cloud-config\nx: 1\n", 19, 0644, &err), 0);
	ck_assert_int_eq(seed_write(scratch_path("seed.iso"), "wiki", folder, &err), 0);
	ck_assert_int_eq(file_read(scratch_path("seed.iso"), 16 << 20, &disc, &err), 0);
	ck_assert_ptr_nonnull(memmem(disc.data, disc.size, "instance-id: mine", 17));
	ck_assert_ptr_null(memmem(disc.data, disc.size, "local-hostname", 14));
}
END_TEST

/* --- the guest agent ------------------------------------------------------------------------------------------------- */

/* One that is booting in a process of its own: says what its part says. */
static struct wire fake_agent(void (*part)(struct wire *wire, struct arena *arena))
{
	struct arena *arena = arena_new();
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	if (fork() == 0) {
		struct wire wire = {.fd = pair[1]};

		close(pair[0]);
		part(&wire, arena);
		_exit(0);
	}
	close(pair[1]);
	arena_free(arena);
	return (struct wire){.fd = pair[0]};
}

static const char *hear(struct wire *wire, struct arena *arena)
{
	const char *line;

	return wire_line(wire, arena, clock_ms() + 10000, &line) == 0 ? line : "";
}

static void say(struct wire *wire, const char *text)
{
	wire_send(wire, text, strlen(text), clock_ms() + 10000);
}

/* The number after "id": in a question. */
static long id_of(const char *line)
{
	const char *at = strstr(line, "\"id\":");

	return at ? atol(at + 5) : -1;
}

/* Says what it had to say before, and half a line of it, and answers the second question alone. */
static void slow_part(struct wire *wire, struct arena *arena)
{
	long first = id_of(hear(wire, arena)), second;

	say(wire, "{\"return\": {\"pid\": 7}}\n{\"retu");
	second = id_of(hear(wire, arena));
	say(wire, arena_printf(arena, "\xff{\"return\": %ld}\n", first));
	say(wire, arena_printf(arena, "\xff{\"return\": %ld}\n", second));
	say(wire, "{\"return\": {}}\n");
}

START_TEST(the_agent_is_in_step_when_it_answers_the_latest_question)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct wire wire = fake_agent(slow_part);

	ck_assert_int_eq(guest_agent_sync(&wire, clock_ms() + 20000), 0);
	ck_assert_str_eq(hear(&wire, arena), "{\"return\": {}}");
	ck_assert_int_eq(guest_agent_sync(&wire, clock_ms() + 20000), -EPIPE);
	wire_close(&wire);
}
END_TEST

/* Has a great deal to say, but no answer. */
static void talkative_part(struct wire *wire, struct arena *arena)
{
	hear(wire, arena);
	for (int64_t until = clock_ms() + 5000; clock_ms() < until;)
		if (wire_send(wire, "{}\n{}\n{}\n", 9, until) < 0)
			return;
}

START_TEST(an_agent_that_only_talks_has_a_deadline)
{
	struct wire wire = fake_agent(talkative_part);
	int64_t began = clock_ms();

	ck_assert_int_eq(guest_agent_sync(&wire, began + 300), -ETIME);
	ck_assert_int_lt(clock_ms() - began, 3000);
	wire_close(&wire);
}
END_TEST

static void command_part(struct wire *wire, struct arena *arena)
{
	const char *line = hear(wire, arena);
	bool right = strstr(line, "\"execute\":\"guest-exec\"") && strstr(line, "\"path\":\"/usr/bin/timeout\"") &&
		     strstr(line, "\"2.500\",\"/bin/echo\",\"a \\\"b\\\"\"") && strstr(line, "\"capture-output\":true");

	say(wire, right ? "{\"return\": {\"pid\": 42}}\n" : "{\"error\": {\"desc\": \"not as expected\"}}\n");
	line = hear(wire, arena);
	say(wire, strstr(line, "\"pid\":42") ? "{\"return\": {\"exited\": false}}\n" : "{}\n");
	hear(wire, arena);
	say(wire, arena_printf(arena,
			       "{\"return\": {\"exited\": true, \"exitcode\": 3, "
			       "\"out-data\": \"%s\", \"err-data\": \"%s\"}}\n",
			       base64_encode(arena, "Grüße\n", 8), base64_encode(arena, "oh", 2)));
	hear(wire, arena);
	say(wire, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"it is disabled\"}}\n");
}

START_TEST(a_command_in_the_guest_says_what_it_said)
{
	static const char *const argv[] = {"/bin/echo", "a \"b\"", NULL};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct wire wire = fake_agent(command_part);
	struct guest_said said;
	struct err err = {0};

	ck_assert_int_eq(guest_agent_run(&wire, arena, argv, 2500, &said, &err), 0);
	ck_assert_int_eq(said.status, 3);
	ck_assert(!said.timed_out);
	ck_assert_str_eq(said.out, "Grüße\n");
	ck_assert_uint_eq(said.out_size, 8);
	ck_assert_str_eq(said.diagnostics, "oh");
	ck_assert_int_eq(guest_agent_run(&wire, arena, argv, 2500, &said, &err), -EREMOTEIO);
	ck_assert_ptr_nonnull(strstr(err.first->text, "it is disabled"));
	err_free(&err);
	wire_close(&wire);
}
END_TEST

START_TEST(how_a_command_in_the_guest_ended_is_told_or_it_is_an_error)
{
	static const struct { const char *says; int r, status; } answers[] = {
		{"{\"exited\":false}", 0, -1}, {"{\"exited\":true,\"exitcode\":255}", 1, 255},
		{"{\"exited\":true,\"signal\":9}", 1, 137}, {"{\"exited\":true}", -EBADMSG, -1},
		{"{\"exited\":true,\"exitcode\":\"0\"}", -EBADMSG, -1}, {"{\"exited\":true,\"exitcode\":0.5}", -EBADMSG, -1},
		{"{\"exited\":true,\"signal\":2147483647}", -EBADMSG, -1},
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		_cleanup_jval_ struct jval *answer = NULL;
		struct guest_said said;
		struct err err = {0};
		int status = -1;

		ck_assert_int_eq(guest_agent_answer("guest-exec-status",
						    arena_printf(arena, "{\"return\":%s}", answers[i].says),
						    &answer, &err), 0);
		ck_assert_int_eq(guest_agent_ended(arena, answer, &status, &said, &err), answers[i].r);
		ck_assert_int_eq(status, answers[i].status);
		err_free(&err);
	}
}
END_TEST

START_TEST(what_is_no_base64_is_none)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	size_t size = 77;

	ck_assert_str_eq(base64_decode(arena, "", &size), "");
	ck_assert_uint_eq(size, 0);
	ck_assert_str_eq(base64_decode(arena, "YQ==", &size), "a");
	ck_assert_uint_eq(size, 1);
	ck_assert_ptr_null(base64_decode(arena, "YQ=", &size));
	ck_assert_ptr_null(base64_decode(arena, "Y*==", &size));
	ck_assert_ptr_null(base64_decode(arena, "=", &size));
}
END_TEST

/* --- verdicts -------------------------------------------------------------------------------------------------------- */

START_TEST(a_test_holds_when_status_and_output_are_as_expected)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct trial trial = {.arena = arena};
	const struct guest_said said = {.status = 2, .out = "one\ntwo 22\n", .diagnostics = "", .out_size = 11};
	const struct recipe_test slow = {.name = "a", .status = 124, .timeout_ms = 500};
	const struct guest_said late = {.status = 124, .timed_out = true, .out = "", .diagnostics = ""};
	const struct {
		struct recipe_test test;
		const char *expected; /* NULL: it holds */
	} rows[] = {
		{{.name = "a", .status = 2}, NULL},
		{{.name = "a", .status = 0}, "exit status 0"},
		{{.name = "a", .status = 2, .output = "e\ntwo"}, NULL},
		{{.name = "a", .status = 2, .output = "three"}, "in the output: three"},
		{{.name = "a", .status = 2, .matches = "^two [0-9]+$"}, NULL},
		{{.name = "a", .status = 2, .matches = "^two$"}, "a line of output that matches: ^two$"},
	};
	size_t failed = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_int_eq(trial_judge(&trial, &rows[i].test, &said, 5, NULL), 0);
		ck_assert_int_eq(trial.results[i].ok, rows[i].expected == NULL);
		if (rows[i].expected)
			ck_assert_str_eq(trial.results[i].expected, rows[i].expected);
		failed += rows[i].expected != NULL;
	}
	ck_assert_uint_eq(trial.n_failed, failed);
	ck_assert_int_eq(trial_judge(&trial, &slow, &late, 5, NULL), 0);
	ck_assert_str_eq(trial.results[trial.n_results - 1].expected, "it ends within 500 ms");
}
END_TEST

START_TEST(a_health_report_gives_a_result_for_each_check)
{
	static const char text[] = "{\"healthy\": false, \"checks\": [{\"check\": \"unit a.service\", \"ok\": true},"
				   "{\"check\": \"tcp 53\", \"ok\": false, \"reason\": \"refused\"}]}";
	static const char odd[] = "{\"healthy\": false, \"checks\": []}", none[] = "{\"checks\": 1}";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct trial trial = {.arena = arena}, other = {.arena = arena};
	struct err err = {0};

	ck_assert_int_eq(trial_read_health(&trial, text, sizeof text - 1, &err), 0);
	ck_assert_uint_eq(trial.n_results, 2);
	ck_assert(trial.results[0].ok && !trial.results[1].ok);
	ck_assert_str_eq(trial.results[1].name, "tcp 53");
	ck_assert_str_eq(trial.results[1].seen, "refused");
	ck_assert_int_eq(trial_read_health(&other, odd, sizeof odd - 1, &err), 0);
	ck_assert_uint_eq(other.n_failed, 1);
	ck_assert_int_eq(trial_read_health(&other, none, sizeof none - 1, &err), -EBADMSG);
	ck_assert_int_eq(trial_read_health(&other, "not found", 9, &err), -EBADMSG);
	err_free(&err);
}
END_TEST

/* --- targets --------------------------------------------------------------------------------------------------------- */

START_TEST(an_image_nothing_is_known_of_is_told_by_its_bytes_and_its_name)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct target target;
	struct err err = {0};

	ck_assert_int_eq(file_write(scratch_path("a.img"), "QFI\xfb    ", 8, 0644, &err), 0);
	ck_assert_int_eq(target_find(arena, scratch_path("a.img"), &target, &err), 0);
	ck_assert_str_eq(target.format, "qcow2");
	ck_assert_str_eq(target.name, "a");
	ck_assert_str_eq(target.user, "root");
	ck_assert_int_eq(file_write(scratch_path("b.qcow2"), "nothing", 7, 0644, &err), 0);
	ck_assert_int_eq(target_find(arena, scratch_path("b.qcow2"), &target, &err), 0);
	ck_assert_str_eq(target.format, "raw");
	ck_assert_int_eq(file_write(scratch_path("c.tar.zst"), "nothing", 7, 0644, &err), 0);
	ck_assert_int_eq(target_find(arena, scratch_path("c.tar.zst"), &target, &err), 0);
	ck_assert(target.container);
	ck_assert_int_eq(target_find(arena, scratch(), &target, &err), -ENOENT);
	err_free(&err);
}
END_TEST

SUITE(run, an_emulated_machine_has_one_processor, ports_are_forwarded_from_this_host_alone,
      uefi_is_another_machine_with_variables_of_its_own, a_console_on_the_terminal_is_kept_in_its_file_too,
      an_identity_comes_on_a_disc_of_its_own, a_kernel_alone_is_no_sign_of_life,
      a_pair_of_ports_is_read_and_what_is_none_is_refused,
      chosen_ports_are_free_and_different_and_a_taken_one_is_refused, a_seed_is_a_disc_called_cidata,
      a_folder_of_ones_own_is_the_seed, the_agent_is_in_step_when_it_answers_the_latest_question,
      an_agent_that_only_talks_has_a_deadline, a_command_in_the_guest_says_what_it_said, what_is_no_base64_is_none,
      a_test_holds_when_status_and_output_are_as_expected,
      a_health_report_gives_a_result_for_each_check, an_image_nothing_is_known_of_is_told_by_its_bytes_and_its_name,
      how_a_command_in_the_guest_ended_is_told_or_it_is_an_error)
