#include "artifact/qcow2.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "artifact/windows.h"
#include "base/buf.h"
#include "base/file.h"

/* "Section" in what follows is one of QEMU's docs/interop/qcow2.txt.
 *
 * The file grows at its end only, in this order: the header's cluster, then clusters of data with L2 tables and
 * refcount blocks among them, as each is complete, then the L1 table, the refcount table, and the last refcount
 * block. The header, which names the places of these, and the refcount table are filled in when all is known. */

static const uint64_t COPIED = 1ULL << 63;     /* section "Cluster mapping": the refcount is exactly one */
static const uint64_t COMPRESSED = 1ULL << 62;

enum {
	CLUSTER_BITS = 16,
	SECTOR_BYTES = 512,
	L2_ENTRIES = CLUSTER_BYTES / 8,
	L1_ENTRIES_MAX = (32 << 20) / 8,           /* section "Header", at `size`: QEMU's limit */
	REFCOUNT_ORDER = 4,                        /* refcounts of 16 bits */
	BLOCK_ENTRIES = CLUSTER_BYTES / 2,
	SECTORS_SHIFT = 62 - (CLUSTER_BITS - 8),   /* section "Compressed Clusters Descriptor": x */
	PACK_BYTES = 4 << 20,
};

/* A compressed cluster that waits in the pack. */
struct waiting {
	size_t l2_index, start, size;
};

struct writer {
	int fd;
	uint64_t end;                        /* of the file: the next byte to give away, on a cluster's boundary */

	uint64_t *l1;                        /* big endian, as all tables here */
	size_t l1_entries;
	size_t l1_index;                     /* which L2 table is at hand */
	uint64_t l2[L2_ENTRIES];
	bool l2_used;

	uint16_t block[BLOCK_ENTRIES];       /* the refcount block at hand … */
	uint64_t block_index;                /* … and which one it is; those before it are in the file … */
	struct buf blocks;                   /* … at these places */

	/* Compressed clusters are gathered and written in one piece: they stand back to back, wherever a plain one
	 * comes between them. */
	struct buf pack;
	struct waiting waiting[L2_ENTRIES];
	size_t n_waiting;
};

static uint64_t qcow2_clusters_for(uint64_t bytes)
{
	return (bytes + CLUSTER_BYTES - 1) / CLUSTER_BYTES;
}

static int qcow2_put_bytes(const struct writer *w, const void *bytes, size_t size, uint64_t offset, struct err *err)
{
	int r = fd_pwrite_all(w->fd, bytes, size, offset);

	return r < 0 ? err_sys(err, r, "cannot write the qcow2 image") : 0;
}

/* --- places in the file and their refcounts (section "Host cluster management") ----------------------------------- */

/* The place of the next `bytes`, at the end of the file. */
static uint64_t qcow2_reserve(struct writer *w, uint64_t bytes)
{
	uint64_t offset = w->end;

	w->end += qcow2_clusters_for(bytes) * CLUSTER_BYTES;
	return offset;
}

static void qcow2_add_reference(struct writer *w, uint64_t cluster)
{
	uint16_t *refcount = &w->block[cluster % BLOCK_ENTRIES];

	*refcount = htobe16((uint16_t)(be16toh(*refcount) + 1));
}

/* Writes the refcount block at hand at `offset` and begins the next one. */
static int qcow2_block_write(struct writer *w, uint64_t offset, struct err *err)
{
	int r = qcow2_put_bytes(w, w->block, sizeof w->block, offset, err);

	buf_add_be64(&w->blocks, offset);
	memset(w->block, 0, sizeof w->block);
	w->block_index++;
	return r;
}

/* Counts a reference to a cluster. They come in rising order (the same one again is fine), so that a block is
 * complete as soon as a cluster belongs to the next one. The full block then takes a cluster that the next one
 * counts: it lies at most the longest piece we write behind, far less than what a block counts. */
static int qcow2_refer(struct writer *w, uint64_t cluster, struct err *err)
{
	int r = 0;

	if (cluster / BLOCK_ENTRIES > w->block_index) {
		uint64_t offset = qcow2_reserve(w, CLUSTER_BYTES);

		r = qcow2_block_write(w, offset, err);
		qcow2_add_reference(w, offset / CLUSTER_BYTES);
	}
	qcow2_add_reference(w, cluster);
	return r;
}

/* A place for `bytes`, each cluster of it referred to once. */
static int qcow2_allocate(struct writer *w, uint64_t bytes, uint64_t *ret_offset, struct err *err)
{
	uint64_t offset = qcow2_reserve(w, bytes);
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < qcow2_clusters_for(bytes); i++)
		r = qcow2_refer(w, offset / CLUSTER_BYTES + i, err);
	*ret_offset = offset;
	return r;
}

/* qcow2_allocate(), filled. */
static int qcow2_append(struct writer *w, const void *bytes, size_t size, uint64_t *ret_offset, struct err *err)
{
	int r = qcow2_allocate(w, size, ret_offset, err);

	return r < 0 ? r : qcow2_put_bytes(w, bytes, size, *ret_offset, err);
}

/* --- data (section "Cluster mapping") ----------------------------------------------------------------------------- */

static int qcow2_pack_write(struct writer *w, struct err *err)
{
	uint64_t place = qcow2_reserve(w, w->pack.size);
	int r = qcow2_put_bytes(w, w->pack.data, w->pack.size, place, err);

	for (size_t i = 0; r == 0 && i < w->n_waiting; i++) {
		const struct waiting *waiting = &w->waiting[i];
		uint64_t first = place + waiting->start, last = first + waiting->size - 1;
		uint64_t more_sectors = last / SECTOR_BYTES - first / SECTOR_BYTES;

		w->l2[waiting->l2_index] = htobe64(COMPRESSED | more_sectors << SECTORS_SHIFT | first);
		for (uint64_t c = first / CLUSTER_BYTES; r == 0 && c <= last / CLUSTER_BYTES; c++)
			r = qcow2_refer(w, c, err);
	}
	w->pack.size = 0;
	w->n_waiting = 0;
	return r;
}

static int qcow2_put_packed(struct writer *w, size_t l2_index, const struct cluster *cluster, struct err *err)
{
	int r = w->pack.size + cluster->size > PACK_BYTES ? qcow2_pack_write(w, err) : 0;

	w->waiting[w->n_waiting++] = (struct waiting){l2_index, w->pack.size, cluster->size};
	buf_add(&w->pack, cluster->bytes, cluster->size);
	return r;
}

static int qcow2_put_plain(struct writer *w, size_t l2_index, const uint8_t *bytes, size_t n, struct err *err)
{
	uint64_t offset;
	int r = qcow2_append(w, bytes, n * CLUSTER_BYTES, &offset, err);

	for (size_t i = 0; i < n; i++)
		w->l2[l2_index + i] = htobe64(COPIED | (offset + i * CLUSTER_BYTES));
	return r;
}

/* Writes the L2 table at hand, unless nothing on its part of the disk took a place. */
static int qcow2_l2_write(struct writer *w, struct err *err)
{
	uint64_t offset;
	int r = w->pack.size ? qcow2_pack_write(w, err) : 0;

	if (r < 0 || !w->l2_used)
		return r;
	r = qcow2_append(w, w->l2, sizeof w->l2, &offset, err);
	w->l1[w->l1_index] = htobe64(COPIED | offset);
	memset(w->l2, 0, sizeof w->l2);
	w->l2_used = false;
	return r;
}

/* A window never belongs to two L2 tables: they cover 512 MiB each. */
static int qcow2_put(void *data, const struct window *window, struct err *err)
{
	struct writer *w = data;
	uint64_t cluster = window->offset / CLUSTER_BYTES;
	size_t base = cluster % L2_ENTRIES, n;
	int r = 0;

	if (cluster / L2_ENTRIES != w->l1_index) {
		r = qcow2_l2_write(w, err);
		w->l1_index = cluster / L2_ENTRIES;
	}
	for (size_t i = 0; r == 0 && i < WINDOW_CLUSTERS; i += n) {
		const struct cluster *next = &window->clusters[i];

		n = 1;
		if (next->state == CLUSTER_PACKED)
			r = qcow2_put_packed(w, base + i, next, err);
		else if (next->state == CLUSTER_PLAIN)
			r = qcow2_put_plain(w, base + i, next->bytes, n = window_run(window, i), err);
		w->l2_used |= next->state != CLUSTER_ZEROS;
	}
	return r;
}

/* --- the end, and the beginning ----------------------------------------------------------------------------------- */

/* Writes the last refcount block, which counts itself, and the refcount table. */
static int qcow2_refcounts_write(struct writer *w, uint64_t *ret_table, uint64_t *ret_clusters, struct err *err)
{
	/* Room for the block at hand, and for one more that the table or the block itself may open. */
	uint64_t bytes = w->blocks.size + 2 * sizeof(uint64_t), offset;
	int r = qcow2_allocate(w, bytes, ret_table, err);

	*ret_clusters = qcow2_clusters_for(bytes);
	if (r == 0)
		r = qcow2_allocate(w, CLUSTER_BYTES, &offset, err);
	if (r == 0)
		r = qcow2_block_write(w, offset, err);
	return r < 0 ? r : qcow2_put_bytes(w, w->blocks.data, w->blocks.size, *ret_table, err);
}

/* Sections "Header", "Additional fields", "Header extensions", "Feature name table". */
static void qcow2_header_encode(struct buf *header, const struct writer *w, uint64_t disk_bytes, bool zstd,
				uint64_t l1_offset, uint64_t table_offset, uint64_t table_clusters)
{
	static const char feature[46] = "compression type"; /* a QEMU that cannot read it names this */
	enum { INCOMPATIBLE = 0, COMPRESSION_BIT = 3, TYPE_ZLIB = 0, TYPE_ZSTD = 1, HEADER_BYTES = 112 };

	buf_add(header, "QFI\xfb", 4);
	buf_add_be32(header, 3);
	buf_add_be64(header, 0);                               /* no backing file */
	buf_add_be32(header, 0);
	buf_add_be32(header, CLUSTER_BITS);
	buf_add_be64(header, disk_bytes);
	buf_add_be32(header, 0);                               /* no encryption */
	buf_add_be32(header, (uint32_t)w->l1_entries);
	buf_add_be64(header, l1_offset);
	buf_add_be64(header, table_offset);
	buf_add_be32(header, (uint32_t)table_clusters);
	buf_add_be32(header, 0);                               /* no snapshots */
	buf_add_be64(header, 0);
	buf_add_be64(header, zstd ? 1 << COMPRESSION_BIT : 0); /* incompatible features */
	buf_add_be64(header, 0);                               /* compatible features: no lazy refcounts */
	buf_add_be64(header, 0);                               /* autoclear features */
	buf_add_be32(header, REFCOUNT_ORDER);
	buf_add_be32(header, HEADER_BYTES);
	buf_add_u8(header, zstd ? TYPE_ZSTD : TYPE_ZLIB);
	buf_align(header, 8);
	if (zstd) {
		buf_add_be32(header, 0x6803f857);              /* feature name table */
		buf_add_be32(header, 2 + sizeof feature);
		buf_add_u8(header, INCOMPATIBLE);
		buf_add_u8(header, COMPRESSION_BIT);
		buf_add(header, feature, sizeof feature);
	}
	buf_add_be64(header, 0);                               /* end of the extensions */
}

/* Cluster 0, the header's, was reserved first of all. */
static int qcow2_finish(struct writer *w, uint64_t disk_bytes, bool zstd, struct err *err)
{
	uint64_t l1_offset = 0, table_offset = 0, table_clusters = 0;
	_cleanup_buf_ struct buf header = {0};
	int r = qcow2_l2_write(w, err);

	if (r == 0)
		r = qcow2_append(w, w->l1, w->l1_entries * sizeof *w->l1, &l1_offset, err);
	if (r == 0)
		r = qcow2_refcounts_write(w, &table_offset, &table_clusters, err);
	if (r < 0)
		return r;
	qcow2_header_encode(&header, w, disk_bytes, zstd, l1_offset, table_offset, table_clusters);
	return qcow2_put_bytes(w, header.data, header.size, 0, err);
}

static void qcow2_writer_free(struct writer *w)
{
	if (!w)
		return;
	free(w->l1);
	buf_free(&w->blocks);
	buf_free(&w->pack);
	free(w);
}

int qcow2_write(const struct image_source *source, const struct packer *packer, int fd, struct err *err)
{
	static const uint64_t L2_COVERS = (uint64_t)L2_ENTRIES * CLUSTER_BYTES;
	uint64_t size = source->size_bytes, l1_entries = size / L2_COVERS + (size % L2_COVERS != 0), header;
	uint64_t sectors = size / SECTOR_BYTES + (size % SECTOR_BYTES != 0);
	struct writer *w;
	int r;

	if (l1_entries > L1_ENTRIES_MAX)
		return err_set(err, -EFBIG, "a qcow2 image cannot hold a disk of %llu bytes", (unsigned long long)size);
	w = calloc(1, sizeof *w);
	if (w) {
		w->fd = fd;
		w->l1_entries = l1_entries ? (size_t)l1_entries : 1;
		w->l1 = calloc(w->l1_entries, sizeof *w->l1);
	}
	r = w && w->l1 ? qcow2_allocate(w, CLUSTER_BYTES, &header, err) : err_no_memory(err);
	if (r == 0)
		r = windows_walk(source, packer, qcow2_put, w, err);
	if (r == 0)
		r = qcow2_finish(w, sectors * SECTOR_BYTES, packer == &packer_zstd, err);
	qcow2_writer_free(w);
	return r;
}
