#include "artifact/qcow2_read.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "edge/pack.h"

/* "Section" is one of QEMU's docs/interop/qcow2.txt, as in qcow2.c. */
enum {
	HEADER_2_BYTES = 72, HEADER_BYTES = 105,
	CLUSTER_BITS_MIN = 9, CLUSTER_BITS_MAX = 21,
	L1_ENTRIES_MAX = (32 << 20) / 8,
	SECTOR_BYTES = 512,
	NOWHERE = 0,                                   /* offset of what takes no place */
};
static const uint64_t COMPRESSED = 1ULL << 62, OFFSET_MASK = 0x00fffffffffffe00ULL, ALL_ZEROS = 1;
static const uint64_t DIRTY = 1, COMPRESSION = 1 << 3; /* incompatible features that do not keep us from reading */

struct qcow2_reader {
	int fd;
	uint64_t size, cluster_bytes;
	unsigned cluster_bits;
	uint64_t *l1;                                  /* big endian, like all tables */
	size_t n_l1;
	uint64_t *l2;                                  /* the table at hand, at l2_offset */
	uint64_t l2_offset;
	uint8_t *cluster, *packed;                     /* one decompressed cluster, of the L2 entry … */
	uint64_t cluster_entry;                        /* … (0: none); what it was made of */
	unpack *unpack;
};

static int qcow2_read_damaged(struct err *err, const char *what)
{
	return err_set(err, -EBADMSG, "not a valid qcow2 image: %s", what);
}

static int qcow2_read_bytes(const struct qcow2_reader *reader, uint64_t offset, void *out, size_t size, struct err *err)
{
	int r = fd_pread_all(reader->fd, out, size, offset);

	return r == -ENODATA ? qcow2_read_damaged(err, "it is cut off")
	       : r < 0	     ? err_sys(err, r, "cannot read the image")
			     : 0;
}

/* Whether the file is long enough for the table: what a header says costs no memory that the file does not have. */
static bool qcow2_read_has_table(const struct qcow2_reader *reader, uint64_t offset)
{
	off_t end = lseek(reader->fd, 0, SEEK_END);
	uint64_t size = end < 0 ? 0 : (uint64_t)end;

	return offset <= size && reader->n_l1 <= (size - offset) / sizeof *reader->l1;
}

/* Section "Header". */
static int qcow2_read_header(struct qcow2_reader *reader, struct err *err)
{
	uint8_t header[HEADER_BYTES] = {0};
	uint64_t features = 0, covers;
	int r = qcow2_read_bytes(reader, 0, header, HEADER_2_BYTES, err);
	uint32_t version = bytes_be32(header + 4);

	if (r == 0 && (memcmp(header, "QFI\xfb", 4) != 0 || version < 2 || version > 3))
		r = qcow2_read_damaged(err, "it has no qcow2 header of version 2 or 3");
	if (r == 0 && version == 3)
		r = qcow2_read_bytes(reader, 0, header, 104, err);
	if (r == 0 && version == 3 && bytes_be32(header + 100) > 104)
		r = qcow2_read_bytes(reader, 0, header, HEADER_BYTES, err);
	if (r < 0)
		return r;
	reader->cluster_bits = bytes_be32(header + 20);
	reader->size = bytes_be64(header + 24);
	reader->n_l1 = bytes_be32(header + 36);
	features = version == 3 ? bytes_be64(header + 72) : 0;
	if (bytes_be64(header + 8) || bytes_be32(header + 32) || features & ~(DIRTY | COMPRESSION))
		return err_set(err, -ENOTSUP,
			       "the image has a backing file, is encrypted, or uses features that are not supported");
	if (reader->cluster_bits < CLUSTER_BITS_MIN || reader->cluster_bits > CLUSTER_BITS_MAX)
		return qcow2_read_damaged(err, "its cluster size is not valid");
	reader->unpack = header[104] == 1 ? unpack_zstd : header[104] == 0 ? unpack_deflate : NULL;
	if (!reader->unpack)
		return err_set(err, -ENOTSUP, "the compression of the image is not supported");
	reader->cluster_bytes = 1ULL << reader->cluster_bits;
	covers = reader->cluster_bytes * (reader->cluster_bytes / 8); /* one L2 table */
	if (reader->n_l1 > L1_ENTRIES_MAX || reader->size / covers + (reader->size % covers != 0) > reader->n_l1)
		return qcow2_read_damaged(err, "its table is too small for its disk size");
	if (!qcow2_read_has_table(reader, bytes_be64(header + 40)))
		return qcow2_read_damaged(err, "it is cut off");
	reader->l1 = calloc(reader->n_l1 + 1, sizeof *reader->l1);
	if (!reader->l1)
		return err_no_memory(err);
	return qcow2_read_bytes(reader, bytes_be64(header + 40), reader->l1, reader->n_l1 * sizeof *reader->l1, err);
}

int qcow2_open(int fd, struct qcow2_reader **ret_reader, struct err *err)
{
	struct qcow2_reader *reader = calloc(1, sizeof *reader);
	int r;

	if (!reader)
		return err_no_memory(err);
	reader->fd = fd;
	r = qcow2_read_header(reader, err);
	if (r == 0) {
		reader->l2 = calloc(1, reader->cluster_bytes);
		reader->cluster = calloc(1, reader->cluster_bytes);
		reader->packed = calloc(1, 2 * reader->cluster_bytes);
		if (!reader->l2 || !reader->cluster || !reader->packed)
			r = err_no_memory(err);
	}
	if (r < 0)
		qcow2_close(reader);
	else
		*ret_reader = reader;
	return r;
}

uint64_t qcow2_size(const struct qcow2_reader *reader)
{
	return reader->size;
}

void qcow2_close(struct qcow2_reader *reader)
{
	if (!reader)
		return;
	free(reader->l1);
	free(reader->l2);
	free(reader->cluster);
	free(reader->packed);
	free(reader);
}

/* Section "Cluster mapping": the entry of the cluster that `offset` is in; 0 for one without. */
static int qcow2_read_find_entry(struct qcow2_reader *reader, uint64_t offset, uint64_t *ret_entry, struct err *err)
{
	uint64_t cluster = offset >> reader->cluster_bits, per_table = reader->cluster_bytes / 8;
	uint64_t table = be64toh(reader->l1[cluster / per_table]) & OFFSET_MASK;
	int r = 0;

	*ret_entry = 0;
	if (table == NOWHERE)
		return 0;
	if (table != reader->l2_offset) {
		reader->l2_offset = NOWHERE;
		r = qcow2_read_bytes(reader, table, reader->l2, (size_t)reader->cluster_bytes, err);
		if (r == 0)
			reader->l2_offset = table;
	}
	if (r == 0)
		*ret_entry = be64toh(reader->l2[cluster % per_table]);
	return r;
}

/* Section "Compressed Clusters Descriptor". The last sector may end behind the file. */
static int qcow2_read_unpack_cluster(struct qcow2_reader *reader, uint64_t entry, struct err *err)
{
	unsigned shift = 62 - (reader->cluster_bits - 8);
	uint64_t offset = entry & ((1ULL << shift) - 1), sectors = ((entry & (COMPRESSED - 1)) >> shift) + 1;
	size_t size = (size_t)(sectors * SECTOR_BYTES - offset % SECTOR_BYTES), have = 0;
	ssize_t n = 1;

	if (reader->cluster_entry == entry)
		return 0;
	reader->cluster_entry = 0;
	if (size > 2 * reader->cluster_bytes)
		return qcow2_read_damaged(err, "a compressed cluster is too large");
	while (have < size && n != 0) {
		n = pread(reader->fd, reader->packed + have, size - have, (off_t)(offset + have));
		if (n < 0 && errno != EINTR)
			return err_sys(err, -errno, "cannot read the image");
		have += n > 0 ? (size_t)n : 0;
	}
	if (!reader->unpack(reader->packed, have, reader->cluster, (size_t)reader->cluster_bytes))
		return qcow2_read_damaged(err, "a compressed cluster is damaged");
	reader->cluster_entry = entry;
	return 0;
}

/* A piece of one cluster. */
static int qcow2_read_piece(struct qcow2_reader *reader, uint64_t offset, void *out, size_t size, struct err *err)
{
	uint64_t entry, within = offset & (reader->cluster_bytes - 1), place;
	int r = qcow2_read_find_entry(reader, offset, &entry, err);

	if (r < 0)
		return r;
	if (entry & COMPRESSED) {
		r = qcow2_read_unpack_cluster(reader, entry, err);
		if (r == 0)
			memcpy(out, reader->cluster + within, size);
		return r;
	}
	place = entry & OFFSET_MASK;
	if (place == NOWHERE || entry & ALL_ZEROS) {
		memset(out, 0, size);
		return 0;
	}
	return qcow2_read_bytes(reader, place + within, out, size, err);
}

int qcow2_read_at(struct qcow2_reader *reader, uint64_t offset, void *out, size_t size, struct err *err)
{
	uint8_t *to = out;
	int r = 0;

	while (r == 0 && size) {
		uint64_t left = reader->cluster_bytes - (offset & (reader->cluster_bytes - 1));
		size_t n = size < left ? size : (size_t)left;

		r = qcow2_read_piece(reader, offset, to, n, err);
		offset += n;
		to += n;
		size -= n;
	}
	return r;
}

int qcow2_next_data(struct qcow2_reader *reader, uint64_t from, uint64_t *ret_offset, struct err *err)
{
	uint64_t covers = reader->cluster_bytes * (reader->cluster_bytes / 8), entry;
	int r = 0;

	while (from < reader->size) {
		if ((be64toh(reader->l1[from / covers]) & OFFSET_MASK) == NOWHERE) {
			from = (from / covers + 1) * covers;
			continue;
		}
		r = qcow2_read_find_entry(reader, from, &entry, err);
		if (r < 0 || entry & COMPRESSED || ((entry & OFFSET_MASK) != NOWHERE && !(entry & ALL_ZEROS)))
			break;
		from = (from / reader->cluster_bytes + 1) * reader->cluster_bytes;
	}
	*ret_offset = from < reader->size ? from : reader->size;
	return r;
}
