/* SPDX-License-Identifier: Apache-2.0 */
/* made_cloud: see made_cloud.h. */
#include "made_cloud.h"

#include "os/os.h"

/* The account. */

static struct secret *
random_secret(void)
{
	struct secret *s = NULL;

	assert_int_equal(secret_new_random(&s, NULL), 0);
	return s;
}

struct made_account *
made_account_new(size_t n_devices)
{
	struct made_account *a = calloc(1, sizeof *a);
	AUTO(secret_free) struct secret *ars = NULL;

	assert_non_null(a);
	assert_int_equal(crypto_init(NULL), 0);
	ars = random_secret();
	assert_int_equal(account_keys_new(&a->keys, ars, NULL), 0);
	keys_account_id(a->id.b, sign_key_public(a->keys->ask));
	for (size_t i = 0; i < n_devices; i++) {
		struct made_device *d = &a->devices[a->n_devices++];

		d->seed = random_secret();
		os_random(d->log.id.b, sizeof d->log.id.b);
		os_random(d->log.added.b, sizeof d->log.added.b);
		assert_int_equal(sign_key_new(&d->dsk, d->seed, NULL), 0);
		memcpy(d->log.dsk_public, sign_key_public(d->dsk), sizeof d->log.dsk_public);
		assert_int_equal(account_device_root(&d->root, a->keys, d->log.id.b, NULL), 0);
		assert_int_equal(device_keys_new(&d->ids, d->root, NULL), 0);
		d->log.epoch_added = LOG_FIRST_EPOCH;
	}
	return a;
}

void
made_account_free(struct made_account *a)
{
	for (size_t i = 0; i < a->n_devices; i++) {
		secret_free(a->devices[i].seed);
		secret_free(a->devices[i].root);
		sign_key_free(a->devices[i].dsk);
		device_keys_free(a->devices[i].ids);
	}
	account_keys_free(a->keys);
	free(a);
}

static const struct account_keys *
of_epoch(void *ctx, uint64_t epoch)
{
	struct made_account *a = ctx;

	return epoch == LOG_FIRST_EPOCH ? a->keys : NULL;
}

static const struct log_device *
device_of(void *ctx, const struct id16 *id)
{
	struct made_account *a = ctx;

	for (size_t i = 0; i < a->n_devices; i++)
		if (id16_equal(&a->devices[i].log.id, id))
			return &a->devices[i].log;
	return NULL;
}

static int
ids_of(struct device_keys **out, void *ctx, const struct id16 *id, struct err *err)
{
	struct made_account *a = ctx;
	AUTO(secret_free) struct secret *root = NULL;

	return account_device_root(&root, a->keys, id->b, err) < 0
		       ? -1
		       : device_keys_new(out, root, err);
}

struct opener_keys
made_keys(struct made_cloud *c)
{
	return (struct opener_keys){ .account = &c->account->id,
				     .device = &c->account->devices[c->device].log,
				     .ctx = c->account,
				     .of_epoch = of_epoch,
				     .device_of = device_of,
				     .ids_of = ids_of };
}

/* The cloud. */

void
made_cloud_init(struct made_cloud *c, struct made_account *a, size_t device)
{
	*c = (struct made_cloud){ .account = a, .device = device, .client_unix_ms = 1000 };
	c->head = a->devices[device].log.added;
}

void
made_cloud_clear(struct made_cloud *c)
{
	for (size_t i = 0; i < c->n_batches; i++) {
		buf_clear(&c->batches[i].prefix);
		for (uint32_t j = 0; j < c->batches[i].n; j++)
			buf_clear(&c->batches[i].records[j].frame);
	}
	for (size_t i = 0; i < c->n_objects; i++)
		buf_clear(&c->objects[i].bytes);
	listing_clear(&c->live);
	listing_clear(&c->versions);
}

static struct object_keys
object_keys_of(struct made_cloud *c, size_t device)
{
	struct made_account *a = c->account;

	return (struct object_keys){ .account = a->id,
				     .device = a->devices[device].log.id,
				     .epoch = LOG_FIRST_EPOCH,
				     .psk = a->keys->psk,
				     .aek_public = a->keys->aek_public,
				     .keys = a->devices[device].ids };
}

/* Put @plain there as a chunk. */
static struct chunk_entry
put_chunk(struct made_cloud *c, const struct made_item *it, struct span plain)
{
	size_t owner = it->foreign ? 1 : c->device;
	struct object_keys k = object_keys_of(c, owner);
	struct chunk_entry e = { .class = CHUNK_VALUE, .foreign = it->foreign };
	struct object_sealer *sealer = NULL;
	struct made_object *o = &c->objects[c->n_objects++];
	struct span object;

	assert_true(c->n_objects <= MADE_OBJECTS_MAX);
	assert_int_equal(object_sealer_new(&sealer, NULL), 0);
	assert_int_equal(object_cid(&e.cid, &k, CHUNK_VALUE, plain, NULL), 0);
	assert_int_equal(object_seal(sealer, &object, &k, CHUNK_VALUE, &e.cid, plain, NULL), 0);
	e.device = k.device;
	o->at = (struct wire_object_at){ k.device, e.cid };
	o->bytes = (struct buf)BUF_INIT(OBJECT_BYTES_MAX);
	assert_int_equal(buf_append(&o->bytes, object, NULL), 0);
	object_sealer_free(sealer);
	return e;
}

/* Payload, chunk entries and refs of an item with bytes. */
static void
put_bytes(struct made_cloud *c, const struct made_item *it, struct record *r, struct buf *payload,
	  struct buf *chunks, struct buf *refs)
{
	struct chunk_entries entries = { 0 };
	struct payload_cut cut = { .n_chunks = 1 };
	size_t n_cuts = 0;

	r->live = true;
	r->name = span_str(it->name);
	r->mime =
		span_str(strncmp(it->bytes, "BEGIN:VCARD", 11) == 0 ? "text/vcard" : "text/plain");
	if (it->path)
		r->path = span_str(it->path);
	r->has_modified = true;
	r->modified_unix_ms = 1000000000000;
	r->size_bytes = strlen(it->bytes);
	if (it->cut) {
		struct chunk_entry e = put_chunk(c, it, span_str(it->cut));
		const char *at = strstr(it->bytes, it->cut);

		assert_non_null(at);
		cut.from = (size_t)(at - it->bytes);
		cut.to = cut.from + strlen(it->cut);
		n_cuts = 1;
		assert_int_equal(chunk_entries_add(&entries, &e, NULL), 0);
		assert_int_equal(chunk_entries_encode(chunks, &entries, NULL), 0);
		assert_int_equal(chunk_entries_refs(refs, &entries, NULL, NULL), 0);
	}
	assert_int_equal(payload_build(payload, span_str(it->bytes), &cut, n_cuts, NULL), 0);
	r->payload = buf_span(payload);
	r->chunks = buf_span(chunks);
	chunk_entries_clear(&entries);
}

/* Seal one item as record @i. */
static void
put_record(struct made_cloud *c, struct made_batch *b, struct seal *seal, uint32_t i,
	   const struct made_item *it)
{
	const struct device_keys *ids = c->account->devices[c->device].ids;
	struct made_record *out = &b->records[i];
	AUTO(buf_clear) struct buf payload = BUF_INIT(65536), chunks = BUF_INIT(65536);
	AUTO(buf_clear) struct buf refs = BUF_INIT(65536), plain = BUF_INIT(65536);
	AUTO(buf_clear) struct buf aad = BUF_INIT(131072), cipher = BUF_INIT(131072);
	AUTO(record_packer_free) struct record_packer *packer = NULL;
	struct record r = { .app = span_str(it->app), .native_id = span_str(it->native_id) };
	struct record_frame frame = { .flags = (uint8_t)(it->bytes ? 0 : RECORD_TOMBSTONE) };

	if (it->bytes)
		put_bytes(c, it, &r, &payload, &chunks, &refs);
	keys_folder_id(frame.folder.b, ids, r.app);
	keys_item_id(frame.item.b, ids, r.app, r.native_id);
	frame.refs = buf_span(&refs);
	assert_int_equal(record_packer_new(&packer, NULL), 0);
	assert_int_equal(record_pack(packer, &plain, &r, false, NULL), 0);
	assert_int_equal(record_aad(&aad, i, &frame, NULL), 0);
	assert_int_equal(seal_record(seal, &cipher, buf_span(&plain), buf_span(&aad), NULL), 0);
	frame.ciphertext = buf_span(&cipher);
	out->frame = (struct buf)BUF_INIT(RECORD_FRAME_BYTES_MAX);
	assert_int_equal(record_frame_append(&out->frame, &frame, NULL), 0);
	out->entry = (struct wire_item){ .folder = frame.folder,
					 .item = frame.item,
					 .version = 1,
					 .seq = c->n_batches + 1,
					 .index = i,
					 .flags = frame.flags,
					 .cipher_bytes = (uint32_t)cipher.n };
	record_leaf(&out->entry.leaf, i, &frame);
}

static int
by_item_version(const void *a, const void *b)
{
	const struct wire_item *x = a, *y = b;
	int c = id16_compare(&x->item, &y->item);

	return c ? c : (x->version > y->version) - (x->version < y->version);
}

/* The new record supersedes the item's live version. */
static void
list_record(struct made_cloud *c, struct made_record *r)
{
	size_t n = 0;

	for (size_t i = 0; i < c->versions.n; i++)
		if (id16_equal(&c->versions.items[i].item, &r->entry.item))
			r->entry.version++;
	for (size_t i = 0; i < c->live.n; i++)
		if (!id16_equal(&c->live.items[i].item, &r->entry.item))
			c->live.items[n++] = c->live.items[i];
	c->live.n = n;
	if (!(r->entry.flags & RECORD_TOMBSTONE))
		assert_int_equal(listing_add(&c->live, &r->entry, NULL), 0);
	assert_int_equal(listing_add(&c->versions, &r->entry, NULL), 0);
	qsort(c->live.items, c->live.n, sizeof *c->live.items, by_item_version);
	qsort(c->versions.items, c->versions.n, sizeof *c->versions.items, by_item_version);
}

/* A state store over the live list without stored nodes: enough for state_rebuild(). */
struct nodes {
	struct made_cloud *c;
	struct hash32 node[STATE_DEPTH_MAX + 1][MADE_RECORDS_MAX * 2];
	bool has[STATE_DEPTH_MAX + 1][MADE_RECORDS_MAX * 2];
};

static int
store_entries(void *ctx, const struct id16 *first, const struct id16 *last, state_emit_fn *emit,
	      void *emit_ctx, struct err *err)
{
	const struct listing *l = &((struct nodes *)ctx)->c->live;

	for (size_t i = 0; i < l->n; i++) {
		struct state_entry e = { l->items[i].folder, l->items[i].item, l->items[i].seq,
					 l->items[i].leaf };

		if (id16_compare(&e.item, first) >= 0 && id16_compare(&e.item, last) <= 0 &&
		    emit(emit_ctx, &e, err) < 0)
			return -1;
	}
	return 0;
}

static int
store_get(void *ctx, unsigned level, uint32_t index, struct hash32 *out, struct err *err)
{
	struct nodes *n = ctx;

	(void)err;
	if (!n->has[level][index])
		return STATE_ABSENT;
	*out = n->node[level][index];
	return 0;
}

static int
store_put(void *ctx, unsigned level, uint32_t index, const struct hash32 *node, struct err *err)
{
	struct nodes *n = ctx;

	(void)err;
	n->node[level][index] = *node;
	n->has[level][index] = true;
	return 0;
}

static int
store_clear(void *ctx, struct err *err)
{
	struct nodes *n = ctx;

	(void)err;
	memset(n->has, 0, sizeof n->has);
	return 0;
}

static struct nodes *
build_state(struct made_cloud *c, struct state_store *store, struct hash32 *root)
{
	struct nodes *n = calloc(1, sizeof *n);

	assert_non_null(n);
	n->c = c;
	*store = (struct state_store){ n, store_entries, store_get, store_put, store_clear };
	assert_int_equal(state_rebuild(root, store, c->live.n, NULL), 0);
	return n;
}

static void
sign_batch(struct made_cloud *c, struct made_batch *b, struct batch_prefix *p)
{
	struct hash32 leaves[MADE_RECORDS_MAX];
	AUTO(merkle_tree_free) struct merkle_tree *tree = NULL;
	struct state_store store;
	struct merkle m;

	merkle_init(&m);
	for (uint32_t i = 0; i < b->n; i++) {
		leaves[i] = b->records[i].entry.leaf;
		merkle_add(&m, &leaves[i]);
	}
	merkle_root(&p->records_root, &m);
	assert_int_equal(merkle_tree_new(&tree, leaves, b->n, NULL), 0);
	for (uint32_t i = 0; i < b->n; i++)
		merkle_tree_path(&b->records[i].path, tree, i);
	free(build_state(c, &store, &p->state_root));
	assert_int_equal(batch_sign(p, c->account->devices[c->device].dsk, NULL), 0);
	b->prefix = (struct buf)BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	assert_int_equal(batch_prefix_encode(&b->prefix, p, NULL), 0);
	assert_int_equal(batch_head(&c->head, p, NULL), 0);
}

void
made_batch(struct made_cloud *c, const struct made_item *items, uint32_t n)
{
	struct made_batch *b = &c->batches[c->n_batches];
	struct batch_prefix p = { .n_records = n };
	uint8_t header[BATCH_HEADER_BYTES];
	AUTO(seal_free) struct seal *seal = NULL;

	assert_true(c->n_batches < MADE_BATCHES_MAX && n <= MADE_RECORDS_MAX);
	assert_int_equal(seal_new(&seal, c->account->keys->psk, c->account->keys->aek_public, NULL),
			 0);
	p.header = (struct batch_header){ .kind = BATCH_BACKUP,
					  .account = c->account->id,
					  .device = c->account->devices[c->device].log.id,
					  .epoch = LOG_FIRST_EPOCH,
					  .seq = c->n_batches + 1,
					  .previous_head = c->head,
					  .log_length = 2,
					  .client_unix_ms = c->client_unix_ms };
	memcpy(p.header.e_public, seal_e_public(seal), sizeof p.header.e_public);
	batch_header_encode(header, &p.header);
	assert_int_equal(seal_start(seal, SPAN_ARRAY(header), NULL), 0);
	for (uint32_t i = 0; i < n; i++) {
		put_record(c, b, seal, i, &items[i]);
		b->n = i + 1;
		list_record(c, &b->records[i]);
	}
	sign_batch(c, b, &p);
	c->newest = c->n_batches++;
	c->client_unix_ms += 1000;
}

struct made_record *
made_find(struct made_cloud *c, size_t batch, const char *app, const char *native_id)
{
	struct id16 id;

	keys_item_id(id.b, c->account->devices[c->device].ids, span_str(app), span_str(native_id));
	for (uint32_t i = 0; i < c->batches[batch].n; i++)
		if (id16_equal(&c->batches[batch].records[i].entry.item, &id))
			return &c->batches[batch].records[i];
	fail_msg("there is no such record");
	return NULL;
}

/* The five calls. */

static int
give_list(const struct listing *l, struct span prefix, const struct id16 *folder,
	  const struct id16 *item, const struct wire_items_sink *sink, struct err *err)
{
	if (sink->begin(sink->ctx, prefix, l->n, err) < 0)
		return -1;
	for (size_t i = 0; i < l->n; i++)
		if ((!folder || id16_equal(folder, &l->items[i].folder)) &&
		    (!item || id16_equal(item, &l->items[i].item)) &&
		    sink->item(sink->ctx, &l->items[i], err) < 0)
			return -1;
	return 0;
}

static int
give_items(void *ctx, const struct id16 *device, const struct wire_items_sink *sink,
	   struct err *err)
{
	struct made_cloud *c = ctx;
	struct span prefix = { NULL, 0 };

	(void)device;
	c->n_requests++;
	if (c->n_batches)
		prefix = buf_span(&c->batches[c->newest].prefix);
	if (give_list(&c->live, prefix, NULL, NULL, sink, err) < 0)
		return -1;
	return c->list_is_cut ? err_set(err, ERR_FORMAT, "the list of items is cut short") : 0;
}

static int
give_versions(void *ctx, const struct id16 *device, const struct id16 *folder,
	      const struct id16 *item, const struct wire_items_sink *sink, struct err *err)
{
	struct made_cloud *c = ctx;

	(void)device;
	c->n_requests++;
	return give_list(&c->versions, (struct span){ NULL, 0 }, folder, item, sink, err);
}

static int
give_frame(struct made_cloud *c, struct wire_frame f, wire_frame_fn *fn, void *fn_ctx,
	   struct err *err)
{
	if (c->bend_frame && c->bend_frame(c->bend_ctx, &f))
		return 0;
	return fn(fn_ctx, &f, err);
}

static int
give_record(struct made_cloud *c, uint64_t *seq, struct wire_record_at at, bool proofs,
	    wire_frame_fn *fn, void *fn_ctx, struct err *err)
{
	struct made_batch *b;
	struct wire_frame f = { .kind = WIRE_FRAME_GONE, .seq = at.seq, .index = at.index };

	if (at.seq == 0 || at.seq > c->n_batches || at.index >= c->batches[at.seq - 1].n)
		return give_frame(c, f, fn, fn_ctx, err);
	b = &c->batches[at.seq - 1];
	if (*seq != at.seq) {
		struct wire_frame batch = { .kind = WIRE_FRAME_BATCH,
					    .prefix = buf_span(&b->prefix) };

		*seq = at.seq;
		if (give_frame(c, batch, fn, fn_ctx, err) < 0)
			return -1;
	}
	f.kind = WIRE_FRAME_RECORD;
	f.record = buf_span(&b->records[at.index].frame);
	if (proofs)
		f.path = b->records[at.index].path;
	return give_frame(c, f, fn, fn_ctx, err);
}

static int
give_records(void *ctx, struct wire_records *ask, wire_frame_fn *fn, void *fn_ctx, struct err *err)
{
	struct made_cloud *c = ctx;
	uint64_t seq = 0;

	c->n_requests++;
	for (size_t i = 0; i < ask->n; i++)
		if (give_record(c, &seq, ask->at[i], ask->proofs, fn, fn_ctx, err) < 0)
			return -1;
	return 0;
}

static int
give_item(void *ctx, const struct wire_item_ask *ask, struct wire_item_answer *out,
	  struct buf *held, struct err *err)
{
	struct made_cloud *c = ctx;
	struct wire_item_answer a = { 0 };
	AUTO(buf_clear) struct buf frames = BUF_INIT(1u << 20);
	struct state_store store;
	struct hash32 root;
	struct nodes *n = build_state(c, &store, &root);

	c->n_requests++;
	if (c->n_batches)
		a.prefix = buf_span(&c->batches[c->newest].prefix);
	assert_int_equal(state_proof_make(&a.proof, &store, &ask->item, c->live.n, NULL), 0);
	free(n);
	for (size_t i = 0; i < c->live.n; i++) {
		const struct wire_item *w = &c->live.items[i];
		struct wire_frame f = { .kind = WIRE_FRAME_RECORD,
					.seq = w->seq,
					.index = w->index };
		struct made_batch *b = &c->batches[w->seq - 1];
		struct wire_frame batch = { .kind = WIRE_FRAME_BATCH,
					    .prefix = buf_span(&b->prefix) };

		if (!id16_equal(&w->item, &ask->item))
			continue;
		f.record = buf_span(&b->records[w->index].frame);
		if (c->bend_frame && c->bend_frame(c->bend_ctx, &f))
			continue;
		assert_int_equal(wire_frame_encode(&frames, &batch, NULL), 0);
		assert_int_equal(wire_frame_encode(&frames, &f, NULL), 0);
	}
	assert_int_equal(
		wire_frame_encode(&frames, &(struct wire_frame){ .kind = WIRE_FRAME_END }, NULL),
		0);
	a.frames = buf_span(&frames);
	assert_int_equal(wire_item_answer_encode(held, &a, NULL), 0);
	state_proof_clear(&a.proof);
	return wire_item_answer_decode(out, buf_span(held), err);
}

static int
give_objects(void *ctx, const struct wire_object_at *at, uint32_t n, wire_object_fn *fn,
	     void *fn_ctx, struct err *err)
{
	struct made_cloud *c = ctx;

	c->n_requests++;
	for (uint32_t i = 0; i < n; i++) {
		struct span object = { NULL, 0 };

		c->n_objects_asked++;
		for (size_t j = 0; j < c->n_objects; j++)
			if (id16_equal(&c->objects[j].at.device, &at[i].device) &&
			    hash32_equal(&c->objects[j].at.cid, &at[i].cid))
				object = buf_span(&c->objects[j].bytes);
		if (fn(fn_ctx, i, object, err) < 0)
			return -1;
	}
	return 0;
}

struct fetch_source
made_source(struct made_cloud *c)
{
	return (struct fetch_source){ c,         give_items,  give_versions, give_records,
				      give_item, give_objects };
}
