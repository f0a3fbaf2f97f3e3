#include "machine/agent/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/agent/judge.h"

/* A value of a label: names of ours need no escapes, but they were files. */
static void metrics_put_label(const char *name, const char *value, const char *end, FILE *out)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++)
		if (*value == '"' || *value == '\\')
			fprintf(out, "\\%c", *value);
		else if ((unsigned char)*value >= ' ')
			fputc(*value, out);
	fprintf(out, "\"%s", end);
}

static void metrics_put_head(const char *name, const char *help, FILE *out)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void metrics_put(const char *name, const char *help, long long value, FILE *out)
{
	metrics_put_head(name, help, out);
	fprintf(out, "%s %lld\n", name, value);
}

static void metrics_put_verdict(const char *verdict, FILE *out)
{
	static const char *const verdicts[] = {JUDGE_WAITING, JUDGE_GOOD, JUDGE_BAD};

	metrics_put_head("aether_verdict", "Verdict of this boot: 1 for the one that holds.", out);
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		fprintf(out, "aether_verdict{verdict=\"%s\"} %d\n", verdicts[i], strcmp(verdicts[i], verdict) == 0);
}

static void metrics_put_image(const struct boot *boot, FILE *out)
{
	const char letter[] = {boot->running ? boot->running->letter : 0, 0};

	metrics_put_head("aether_image_info", "The running image.", out);
	fputs("aether_image_info{", out);
	metrics_put_label("name", boot->name, ",", out);
	metrics_put_label("kind", boot->kind, ",", out);
	metrics_put_label("slot", letter, ",", out);
	metrics_put_label("root_hash", boot->root_hash, "} 1\n", out);
	metrics_put("aether_image_epoch_seconds", "Newest date of what the running image is made from.",
		    strtoll(boot->epoch, NULL, 10), out);
}

void metrics_print(const struct boot *boot, const char *verdict, FILE *out)
{
	const struct slot *failed = boot_latest_failure(boot);

	metrics_put_image(boot, out);
	if (boot->running && *boot->running->generation)
		metrics_put("aether_generation", "Number of the running generation.",
			    strtoll(boot->running->generation, NULL, 10), out);
	if (boot->running)
		metrics_put("aether_tries_left", "Tries that a generation on trial has left; 0 for one that is not on trial.",
			    boot->running->state == SLOT_TRIAL ? boot->running->tries_left : 0, out);
	metrics_put_verdict(verdict, out);
	if (failed)
		metrics_put("aether_last_failure_seconds", "When a generation failed last.",
			    strtoll(failed->failed_when, NULL, 10), out);
}

int metrics_write(const struct boot *boot, const char *verdict)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r = out ? make_folder(METRICS_ROOM, 0755) : -ENOMEM;

	if (out)
		metrics_print(boot, verdict, out);
	if (out && fclose(out) != 0)
		r = -ENOMEM;
	if (r == 0)
		r = write_whole(METRICS_ROOM, METRICS_NAME, text);
	free(text);
	return r;
}
