/* Making a file system on a blank disk, with the mkfs of the image. */
#ifndef MACHINE_ROOT_FORMAT_STATE_H
#define MACHINE_ROOT_FORMAT_STATE_H

#include <stdint.h>

/* Makes an ext4 file system with the label on the whole disk `device` ("vdb"), which is blank. `at` is where the image is
 * mounted; its /run is memory, in which the file system is made. It appears by one write of one block: cut off before that,
 * the disk has the marker of media.h, and is made anew. 0 or -errno, and it was said why. */
int format_state(const char *at, const char *device, const char *label);

/* Copies what is in the file `from` to the device `to`, in that order. */
int format_publish(int from, int to);

/* Copies all of the file `from` that is no hole, from the byte `at` on, to the same bytes of `to`. 0 or -errno. */
int format_copy_data(int from, int to, int64_t at);

/* Runs a program of the image at `at`, as in that root. Its exit status, or -errno. What it said is said when it fails. */
int format_run(const char *at, const char *const *argv);

#endif
