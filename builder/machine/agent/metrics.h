/* Figures for node-exporter's textfile collector: METRICS_FILE, in the text format of Prometheus (version 0.0.4). */
#ifndef MACHINE_AGENT_METRICS_H
#define MACHINE_AGENT_METRICS_H

#include <stdio.h>

#include "machine/agent/boot.h"

#define METRICS_ROOM "/run/aether"
#define METRICS_NAME "metrics.prom"

/* Writes what there is to say, with the verdict of this boot (JUDGE_…), into the file: whole, or not at all. 0 or -errno. */
int metrics_write(const struct boot *boot, const char *verdict);

/* The same to a stream. */
void metrics_print(const struct boot *boot, const char *verdict, FILE *out);

#endif
