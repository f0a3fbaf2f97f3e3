#include "run/session.h"

#include "base/clock.h"
#include "host/signals.h"

/* An emulated machine on a busy host takes minutes. */
static const uint64_t TCG_MS = 600000, KVM_MS = 180000;

int session_start(struct arena *arena, struct session_spec *spec, struct session *session, struct err *err)
{
	int r = signals_take(err);

	*session = (struct session){.spec = spec, .machine.agent.fd = -1, .machine.qemu.alive = -1, .machine.place.fd = -1,
				    .container.lxc.alive = -1, .container.place.fd = -1};
	if (r < 0)
		return r;
	if (spec->target.container) {
		session->of.container =
			(struct container_spec){&spec->target, spec->cache, spec->keep, spec->console};
		r = container_start(arena, &session->of.container, &session->container, err);
		session->guest = container_guest(&session->container);
		return r;
	}
	r = ports_choose(&spec->forwards, err);
	if (r < 0)
		return r;
	session->of.machine = (struct machine_spec){
		.target = &spec->target, .cache = spec->cache, .keep = spec->keep, .uefi = spec->uefi, .console = spec->console,
		.accel = spec->accel, .seed = spec->seed, .memory_bytes = spec->memory_bytes, .disk_bytes = spec->disk_bytes,
		.forwards = &spec->forwards,
	};
	r = machine_start(arena, &session->of.machine, &session->machine, err);
	session->guest = machine_guest(&session->machine);
	return r;
}

int64_t session_deadline_ms(const struct session *session)
{
	uint64_t ms = session->spec->timeout_ms;
	bool emulated = !session->spec->target.container && session->machine.accel == ACCEL_TCG;

	return clock_ms() + (int64_t)(ms ? ms : emulated ? TCG_MS : KVM_MS);
}

int session_wait(struct session *session, struct err *err)
{
	int64_t deadline_ms = session_deadline_ms(session);

	return session->spec->target.container ? container_wait(&session->container, deadline_ms, err)
					       : machine_wait(&session->machine, deadline_ms, err);
}

int session_wait_off(struct session *session)
{
	return session->spec->target.container ? container_wait_off(&session->container) : machine_wait_off(&session->machine);
}

void session_power_off(struct session *session)
{
	if (session->spec->target.container)
		container_power_off(&session->container);
	else
		machine_power_off(&session->machine);
}

void session_close(struct session *session)
{
	if (!session->spec)
		return;
	if (session->spec->target.container)
		container_close(&session->container);
	else
		machine_close(&session->machine);
}

const char *session_means(const struct session *session)
{
	if (session->spec->target.container)
		return "lxc";
	return session->machine.accel == ACCEL_KVM ? "kvm" : "tcg";
}

const char *session_folder(const struct session *session)
{
	return session->spec->target.container ? session->container.place.folder : session->machine.place.folder;
}

struct strv session_way_in(struct arena *arena, const struct session *session)
{
	unsigned port = ports_find(&session->spec->forwards, 22);
	const char *const words[] = {
		"ssh", "-p", arena_printf(arena, "%u", port), "-o", "StrictHostKeyChecking=accept-new", "-o",
		arena_printf(arena, "UserKnownHostsFile=%s/known_hosts", session_folder(session)),
		arena_printf(arena, "%s@127.0.0.1", session->spec->target.user),
	};
	struct strv list = {0};

	if (session->spec->target.container)
		return container_shell(arena, &session->container);
	for (size_t i = 0; port && i < sizeof words / sizeof *words; i++)
		strv_push(arena, &list, words[i]);
	return list;
}
