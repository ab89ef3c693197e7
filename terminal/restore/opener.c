/* SPDX-License-Identifier: Apache-2.0 */
/* opener: see opener.h. */
#include "restore/opener.h"

#include "chunk/object.h"
#include "crypto/seal.h"

#define REPLACED_DEPTH_MAX 8 /* docs/design/trust.md: references to replaced devices' chunks */

/* A chunk owner's ids, kept: most items have one owner. */
struct owner {
	struct id16 device;
	struct device_keys *ids;
};

struct opener {
	struct opener_keys keys;
	struct owner owners[1 + REPLACED_DEPTH_MAX]; /* [0]: the device itself */
	size_t n_owners;
	bool has_batch;
	struct batch_prefix prefix;
	struct buf prefix_bytes; /* to know the same batch again */
	struct seal_open *seal;
	struct buf plain;
	struct buf aad;
	struct record_unpacker *unpacker;
	struct object_sealer *objects;
	struct opener_watch watch;
};

static int
owner_add(struct opener *o, const struct id16 *device, struct err *err)
{
	struct owner *w = &o->owners[o->n_owners];

	w->device = *device;
	if (o->keys.ids_of(&w->ids, o->keys.ctx, device, err) < 0)
		return -1;
	o->n_owners++;
	return 0;
}

int
opener_new(struct opener **out, const struct opener_keys *keys, struct err *err)
{
	AUTO(opener_free) struct opener *o = calloc(1, sizeof *o);

	if (!o)
		return err_nomem(err);
	o->keys = *keys;
	o->plain = (struct buf)BUF_INIT(RECORD_PLAIN_BYTES_MAX);
	o->aad = (struct buf)BUF_INIT(RECORD_FRAME_BYTES_MAX);
	o->prefix_bytes = (struct buf)BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	if (owner_add(o, &keys->device->id, err) < 0 ||
	    record_unpacker_new(&o->unpacker, err) < 0 || object_sealer_new(&o->objects, err) < 0)
		return -1;
	*out = TAKE(o);
	return 0;
}

void
opener_free(struct opener *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->n_owners; i++)
		device_keys_free(o->owners[i].ids);
	seal_open_free(o->seal);
	record_unpacker_free(o->unpacker);
	object_sealer_free(o->objects);
	buf_clear(&o->plain);
	buf_clear(&o->aad);
	buf_clear(&o->prefix_bytes);
	free(o);
}

struct id16
opener_folder_id(const struct opener *o, struct span app)
{
	struct id16 id;

	keys_folder_id(id.b, o->owners[0].ids, app);
	return id;
}

struct id16
opener_item_id(const struct opener *o, struct span app, struct span native_id)
{
	struct id16 id;

	keys_item_id(id.b, o->owners[0].ids, app, native_id);
	return id;
}

/* A device that was shut out: what it signed later is void. */
static int
check_trusted(const struct log_device *d, const struct batch_prefix *p, struct err *err)
{
	struct hash32 head;

	if (d->state != DEVICE_REVOKED && d->state != DEVICE_REPLACED)
		return 0;
	if (p->header.seq > d->trusted_seq)
		return err_set(
			err, ERR_AUTH,
			"batch %llu was signed after its device was shut out (at batch %llu)",
			(unsigned long long)p->header.seq, (unsigned long long)d->trusted_seq);
	if (p->header.seq < d->trusted_seq)
		return 0;
	if (batch_head(&head, p, err) < 0)
		return -1;
	if (!hash32_equal(&head, &d->trusted_head))
		return err_set(
			err, ERR_AUTH,
			"batch %llu is not the one that was trusted last when its device was "
			"shut out",
			(unsigned long long)p->header.seq);
	return 0;
}

static int
check_prefix(const struct opener_keys *k, const struct batch_prefix *p, struct err *err)
{
	unsigned long long seq = p->header.seq;

	if (!id16_equal(&p->header.account, k->account))
		return err_set(err, ERR_AUTH, "batch %llu belongs to another account", seq);
	if (!id16_equal(&p->header.device, &k->device->id))
		return err_set(err, ERR_AUTH, "batch %llu belongs to another device", seq);
	if (batch_verify(p, k->device->dsk_public, err) < 0)
		return err_wrap(err, "batch %llu", seq);
	return check_trusted(k->device, p, err);
}

/* K_b of the batch in hand. */
static int
open_seal(struct opener *o, struct err *err)
{
	const struct batch_header *h = &o->prefix.header;
	const struct account_keys *k = o->keys.of_epoch(o->keys.ctx, h->epoch);
	uint8_t header[BATCH_HEADER_BYTES];

	if (!k)
		return err_set(err, ERR_AUTH, "batch %llu names epoch %llu, which there never was",
			       (unsigned long long)h->seq, (unsigned long long)h->epoch);
	batch_header_encode(header, h);
	return seal_open_new(&o->seal, k->psk, k->aek, h->e_public, SPAN_ARRAY(header), err);
}

int
opener_batch(struct opener *o, struct span prefix, struct err *err)
{
	size_t n = 0;
	int rc;

	if (o->has_batch && span_equal(prefix, buf_span(&o->prefix_bytes)))
		return 0;
	o->has_batch = false;
	seal_open_free(o->seal);
	o->seal = NULL;
	rc = batch_prefix_decode(&o->prefix, prefix, &n, err);
	if (rc < 0)
		return -1;
	if (rc == FEED_MORE || n != prefix.n)
		return err_set(err, ERR_FORMAT, "a batch's prefix is of the wrong length");
	buf_reset(&o->prefix_bytes);
	if (check_prefix(&o->keys, &o->prefix, err) < 0 || open_seal(o, err) < 0 ||
	    buf_append(&o->prefix_bytes, prefix, err) < 0)
		return -1;
	o->has_batch = true;
	return 0;
}

const struct batch_prefix *
opener_prefix(const struct opener *o)
{
	return o->has_batch ? &o->prefix : NULL;
}

/* What stands inside must give the ids outside. */
static int
check_place(const struct opener *o, const struct record *r, const struct record_frame *f,
	    struct err *err)
{
	struct id16 folder = opener_folder_id(o, r->app);
	struct id16 item = opener_item_id(o, r->app, r->native_id);

	if (!id16_equal(&folder, &f->folder))
		return err_set(err, ERR_AUTH, "the record belongs to another app's folder");
	if (!id16_equal(&item, &f->item))
		return err_set(err, ERR_AUTH, "the record belongs to another item");
	if (r->live == ((f->flags & RECORD_TOMBSTONE) != 0))
		return err_set(err, ERR_AUTH, "the record is not what its flags say");
	return 0;
}

int
opener_record(struct record *out, struct opener *o, uint32_t index,
	      const struct record_frame *frame, struct err *err)
{
	if (!o->has_batch)
		return err_set(err, ERR_FORMAT, "a record without its batch");
	if (index >= o->prefix.n_records)
		return err_set(err, ERR_AUTH, "record %u of a batch of %u", (unsigned)index,
			       (unsigned)o->prefix.n_records);
	buf_reset(&o->plain);
	buf_reset(&o->aad);
	if (record_aad(&o->aad, index, frame, err) < 0 ||
	    seal_open_record(o->seal, &o->plain, index, frame->ciphertext, buf_span(&o->aad), err) <
		    0 ||
	    record_unpack(o->unpacker, out, buf_span(&o->plain), err) < 0)
		return -1;
	return check_place(o, out, frame, err);
}

/* Whether @device is among those that the opener's device replaced. */
static bool
was_replaced_by_us(const struct opener *o, const struct id16 *device)
{
	struct id16 at = *device;

	for (int depth = 0; depth < REPLACED_DEPTH_MAX; depth++) {
		const struct log_device *d = o->keys.device_of(o->keys.ctx, &at);

		if (!d || d->state != DEVICE_REPLACED)
			return false;
		at = d->replaced_by;
		if (id16_equal(&at, &o->keys.device->id))
			return true;
	}
	return false;
}

int
opener_chunk_owner(struct id16 *owner, const struct opener *o, const struct chunk_entry *entry,
		   struct err *err)
{
	if (!entry->foreign) {
		*owner = o->owners[0].device;
		return 0;
	}
	if (!was_replaced_by_us(o, &entry->device))
		return err_set(err, ERR_AUTH,
			       "a chunk is said to be of a device that this one did "
			       "not replace");
	*owner = entry->device;
	return 0;
}

static int
ids_of_owner(const struct device_keys **ids, struct opener *o, const struct id16 *owner,
	     struct err *err)
{
	for (size_t i = 0; i < o->n_owners; i++) {
		if (id16_equal(&o->owners[i].device, owner)) {
			*ids = o->owners[i].ids;
			return 0;
		}
	}
	if (o->n_owners == sizeof o->owners / sizeof *o->owners)
		return err_set(err, ERR_LIMIT, "chunks of more than %d devices",
			       REPLACED_DEPTH_MAX);
	if (owner_add(o, owner, err) < 0)
		return -1;
	*ids = o->owners[o->n_owners - 1].ids;
	return 0;
}

void
opener_watch(struct opener *o, const struct opener_watch *watch)
{
	o->watch = *watch;
}

static void
tell(const struct opener *o, const struct id16 *owner, const struct chunk_entry *entry,
     struct span plain)
{
	if (o->watch.chunk && entry->class != CHUNK_LIST)
		o->watch.chunk(o->watch.ctx, owner, entry, plain);
}

int
opener_chunk(struct span *plain, struct opener *o, const struct chunk_entry *entry,
	     struct span object, struct err *err)
{
	struct object_keys k = { 0 };
	const struct account_keys *keys;
	uint64_t epoch = 0;

	if (opener_chunk_owner(&k.device, o, entry, err) < 0 ||
	    ids_of_owner(&k.keys, o, &k.device, err) < 0 || object_check(object, &epoch, err) < 0)
		return -1;
	keys = o->keys.of_epoch(o->keys.ctx, epoch);
	if (!keys)
		return err_set(err, ERR_AUTH, "a chunk names epoch %llu, which there never was",
			       (unsigned long long)epoch);
	k.account = *o->keys.account;
	k.epoch = epoch;
	k.psk = keys->psk;
	k.aek = keys->aek;
	if (object_open(o->objects, plain, &k, entry->class, &entry->cid, object, err) < 0)
		return -1;
	tell(o, &k.device, entry, *plain);
	return 0;
}

int
opener_chunk_is(bool *is, struct opener *o, const struct chunk_entry *entry, struct span plain,
		struct err *err)
{
	const struct device_keys *ids;
	struct id16 owner;
	struct hash32 cid;

	if (opener_chunk_owner(&owner, o, entry, err) < 0 ||
	    ids_of_owner(&ids, o, &owner, err) < 0 ||
	    keys_chunk_id(cid.b, ids, (uint8_t)entry->class, plain, err) < 0)
		return -1;
	*is = hash32_equal(&cid, &entry->cid);
	if (*is)
		tell(o, &owner, entry, plain);
	return 0;
}

bool
opener_blames_item(const struct err *err)
{
	switch (err->code) {
	case ERR_AUTH:
	case ERR_FORMAT:
	case ERR_LIMIT:
	case ERR_NOT_FOUND:
	case ERR_UNSUPPORTED:
	case ERR_SYNTAX:
		return true;
	default:
		return false;
	}
}
