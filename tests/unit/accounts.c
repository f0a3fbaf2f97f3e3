/* Which accounts packages make, by their own words; and their numbers. */
#include "suite.h"

#include <string.h>

#include "lock/allot.h"
#include "lock/scan.h"
#include "recipes.h"
#include "scratch.h"

static const struct {
	const char *script, *names;
} scripts[] = {
	{"adduser --system --home /var/lib/redis --group redis\n", "redis"},
	{"adduser --quiet --system --no-create-home --home=/x --shell /usr/sbin/nologin --gecos \"A man\" mosquitto || true",
	 "mosquitto"},
	{"addgroup --system --gid 107 kvm\n", "kvm"},
	{"useradd -r -M -d /var/lib/a -s /bin/false -c 'A daemon' grafana", "grafana"},
	{"useradd -rMd /var/lib/a prometheus", "prometheus"},
	{"groupadd -f -r docker", "docker"},
	{"/usr/sbin/groupadd --system docker >/dev/null 2>&1 || true\n", "docker"},
	{"if ! getent passwd otel >/dev/null; then\n\tuseradd \\\n\t  --system \\\n\t  otel\nfi\n", "otel"},
	{"NAME=ntp; adduser --system \"$NAME\"", "ntp"},
	{": ${UNIT_USER:=unit}\nadduser --system ${UNIT_USER:-unit}", "unit"},
	{"for u in a b; do adduser --system \"$u\"; done", "a b"},
	{"A=x\nB=${A}-run\nadduser --system $B", "x-run"},
	{"(adduser --system sub)", "sub"},
	{"adduser www-data redis", "redis"},
	{"# adduser --system comment\n", ""},
	{"echo 'adduser --system quoted'", ""},
	{"adduser --system --uid 64055 libvirt-qemu", ""},
	{"adduser --system --uid=64055 libvirt-qemu", ""},
	{"useradd -u 64030 -r oracle", ""},
	{"adduser --system $NOBODY_KNOWS", ""},
	{"A=$A$A$A; adduser $A", ""},
	{"adduser --system a.b", ""},
	{"adduser root", ""},
	{"adduser --home", ""},
	{"adduser 'open", "open"},
	{"", ""},
};

START_TEST(scripts_say_whom_they_make)
{
	for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
		struct strv names = {0};

		scan_script(scratch_arena(), scripts[i].script, &names);
		ck_assert_msg(strcmp(recipes_words(&names), scripts[i].names) == 0, "'%s' gives '%s'", scripts[i].script,
			      recipes_words(&names));
	}
}
END_TEST

START_TEST(sysusers_says_whom_it_makes)
{
	struct strv names = {0};

	scan_sysusers(scratch_arena(),
		      "# a comment\nu messagebus - \"System Message Bus\"\nu! systemd-network - \"x\"\n"
		      "g netdev -\n  g  render -  - -\n"
		      "m tss tss2\nr - 500-900\nu root 0 \"r\" /root\ng adm 4\nu libvirt-qemu 64055\nu \"quoted\" -\n\nu\nm x",
		      &names);
	ck_assert_str_eq(recipes_words(&names), "messagebus systemd-network netdev render tss2 quoted");
}
END_TEST

static bool never(const void *data, int64_t id)
{
	(void)data, (void)id;
	return false;
}

static bool only(const void *data, int64_t id)
{
	return id != *(const int64_t *)data;
}

static bool all_others(const void *data, int64_t id)
{
	return id < *(const int64_t *)data;
}

START_TEST(a_number_comes_of_the_name_and_of_what_is_free)
{
	int64_t free_one = 512, redis = allot_system("redis", never, NULL), none = 5000;

	ck_assert_int_eq(redis, 688); /* for ever: two recipes agree on it */
	ck_assert_int_ge(redis, 200);
	ck_assert_int_eq(allot_system("redis", only, &free_one), 512);
	free_one = 100; /* the last resort */
	ck_assert_int_eq(allot_system("redis", only, &free_one), 100);
	ck_assert_int_eq(allot_system("redis", only, &none), -1);
	free_one = 1002;
	ck_assert_int_eq(allot_person(all_others, &free_one), 1002);
}
END_TEST

SUITE(accounts, scripts_say_whom_they_make, sysusers_says_whom_it_makes, a_number_comes_of_the_name_and_of_what_is_free)
