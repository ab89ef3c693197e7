/* SPDX-License-Identifier: Apache-2.0 */
/* party: see party.h. */
#include "party.h"

#include <stdlib.h>

#include "os/os.h"

static void
ok(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->msg);
}

static struct sign_key *
random_sign_key(void)
{
	AUTO(secret_free) struct secret *seed = NULL;
	struct sign_key *k;
	struct err err;

	ok(secret_new_random(&seed, &err), &err);
	ok(sign_key_new(&k, seed, &err), &err);
	return k;
}

static void
make_wraps(struct party *p, struct log_credentials *c)
{
	AUTO(secret_free) struct secret *kek = NULL;
	struct err err;
	struct wrap w = { .kind = WRAP_PASSPHRASE,
			  .cost = { PASSPHRASE_MEMORY_KIB_MIN, 3 },
			  .epoch = LOG_FIRST_EPOCH };
	uint8_t bytes[WRAP_BYTES];

	ok(secret_new_random(&kek, &err), &err);
	passphrase_salt_random(w.salt);
	ok(wrap_make(&w, kek, p->account.b, p->keys->ars, &err), &err);
	wrap_encode(bytes, &w);
	ok(buf_append(&p->passphrase_wrap, SPAN_ARRAY(bytes), &err), &err);
	log_wrap_hash(&c->passphrase_wrap_hash, SPAN_ARRAY(bytes));

	w = (struct wrap){ .kind = WRAP_RECOVERY, .epoch = LOG_FIRST_EPOCH };
	ok(wrap_make(&w, kek, p->account.b, p->keys->ars, &err), &err);
	wrap_encode(bytes, &w);
	ok(buf_append(&p->recovery_wrap, SPAN_ARRAY(bytes), &err), &err);
	log_wrap_hash(&c->recovery_wrap_hash, SPAN_ARRAY(bytes));
}

void
party_sign_entry(struct buf *out, struct party *p, struct log_entry *e)
{
	struct err err;

	log_state_next(e, &p->log);
	e->client_unix_ms = (uint64_t)os->now_unix_ms();
	if (e->type == LOG_ADD_DEVICE)
		ok(log_device_sign(e, p->dsk, &err), &err);
	ok(log_entry_sign(out, e, p->keys->ask, NULL, &err), &err);
	ok(log_state_apply(&p->log, buf_span(out), &err), &err);
}

static void
fill_keys(struct log_entry *e, const struct party *p)
{
	memcpy(e->ask_public, sign_key_public(p->keys->ask), sizeof e->ask_public);
	memcpy(e->aek_public, p->keys->aek_public, sizeof e->aek_public);
	keys_check(e->psk_check.b, p->keys->psk);
}

static void
fill_device(struct log_entry *add, const struct party *p)
{
	fill_keys(add, p);
	add->device = p->device;
	memcpy(add->dsk_public, sign_key_public(p->dsk), sizeof add->dsk_public);
	add->name_box = span_str("a sealed name that the server cannot read, noise to it");
}

void
party_new_device(struct party *p, struct log_entry *add)
{
	sign_key_free(p->dsk);
	p->dsk = random_sign_key();
	os_random(p->device.b, sizeof p->device.b);
	p->seq = p->n_items = 0;
	fill_device(add, p);
}

void
party_init(struct party *p)
{
	AUTO(secret_free) struct secret *ars = NULL;
	struct log_entry create = { .type = LOG_CREATE, .retention_days = 90 };
	struct log_entry add = { .type = LOG_ADD_DEVICE };
	struct err err;

	*p = (struct party){
		.create_entry = BUF_INIT(LOG_ENTRY_BYTES_MAX),
		.add_device_entry = BUF_INIT(LOG_ENTRY_BYTES_MAX),
		.passphrase_wrap = BUF_INIT(WRAP_BYTES),
		.recovery_wrap = BUF_INIT(WRAP_BYTES),
		.items = calloc(PARTY_ITEMS_MAX, sizeof(struct state_entry)),
	};
	assert_non_null(p->items);
	ok(secret_new_random(&ars, &err), &err);
	ok(account_keys_new(&p->keys, ars, &err), &err);
	p->dsk = random_sign_key();
	p->passphrase_login = random_sign_key();
	p->recovery_login = random_sign_key();
	keys_account_id(p->account.b, sign_key_public(p->keys->ask));
	os_random(p->device.b, sizeof p->device.b);
	log_state_init(&p->log, &p->account);

	fill_keys(&create, p);
	memcpy(create.credentials.passphrase_login, sign_key_public(p->passphrase_login), 32);
	memcpy(create.credentials.recovery_login, sign_key_public(p->recovery_login), 32);
	os_random(&create.credentials.recovery_find, sizeof create.credentials.recovery_find);
	make_wraps(p, &create.credentials);
	party_sign_entry(&p->create_entry, p, &create);

	fill_device(&add, p);
	party_sign_entry(&p->add_device_entry, p, &add);
	log_entry_hash(&p->device_hash, buf_span(&p->add_device_entry));
	p->head = p->device_hash;
}

void
party_clear(struct party *p)
{
	account_keys_free(p->keys);
	sign_key_free(p->dsk);
	sign_key_free(p->passphrase_login);
	sign_key_free(p->recovery_login);
	log_state_clear(&p->log);
	buf_clear(&p->create_entry);
	buf_clear(&p->add_device_entry);
	buf_clear(&p->passphrase_wrap);
	buf_clear(&p->recovery_wrap);
	free(p->items);
}

void
party_registration(struct buf *out, const struct party *p, const struct id16 *invitation)
{
	const struct wire_account a = {
		.invitation = *invitation,
		.create_entry = buf_span(&p->create_entry),
		.add_device_entry = buf_span(&p->add_device_entry),
		.passphrase_wrap = buf_span(&p->passphrase_wrap),
		.recovery_wrap = buf_span(&p->recovery_wrap),
	};
	struct err err;

	ok(wire_account_encode(out, &a, &err), &err);
}

struct id16
party_folder(unsigned n)
{
	struct id16 id;

	memset(id.b, 'f', sizeof id.b);
	put_u32(id.b + 12, n);
	return id;
}

/* Spread over all buckets, as honest ids are. */
struct id16
party_item(unsigned n)
{
	struct id16 id;

	memset(id.b, 'i', sizeof id.b);
	put_u32(id.b, n * 2654435761u);
	put_u32(id.b + 12, n);
	return id;
}

/* --- state: the live items in a sorted array, no nodes kept --- */

struct memory_state {
	const struct state_entry *items;
	size_t n;
};

static int
memory_entries(void *ctx, const struct id16 *first, const struct id16 *last, state_emit_fn *emit,
	       void *emit_ctx, struct err *err)
{
	struct memory_state *m = ctx;

	for (size_t i = 0; i < m->n; i++)
		if (id16_compare(&m->items[i].item, first) >= 0 &&
		    id16_compare(&m->items[i].item, last) <= 0 &&
		    emit(emit_ctx, &m->items[i], err) < 0)
			return -1;
	return 0;
}

static int
memory_get(void *ctx, unsigned level, uint32_t index, struct hash32 *out, struct err *err)
{
	(void)ctx, (void)level, (void)index, (void)out, (void)err;
	return STATE_ABSENT;
}

static int
memory_put(void *ctx, unsigned level, uint32_t index, const struct hash32 *node, struct err *err)
{
	(void)ctx, (void)level, (void)index, (void)node, (void)err;
	return 0;
}

static int
memory_clear(void *ctx, struct err *err)
{
	(void)ctx, (void)err;
	return 0;
}

static size_t
apply_record(struct state_entry *items, size_t n, const struct state_entry *e, bool tombstone)
{
	size_t i = 0;

	while (i < n && (id16_compare(&items[i].item, &e->item) < 0 ||
			 (id16_equal(&items[i].item, &e->item) &&
			  id16_compare(&items[i].folder, &e->folder) < 0)))
		i++;
	bool same = i < n && id16_equal(&items[i].item, &e->item) &&
		    id16_equal(&items[i].folder, &e->folder);
	if (same && tombstone) {
		memmove(&items[i], &items[i + 1], (n - i - 1) * sizeof *items);
		return n - 1;
	}
	if (tombstone)
		return n;
	if (!same) {
		assert_true(n < PARTY_ITEMS_MAX);
		memmove(&items[i + 1], &items[i], (n - i) * sizeof *items);
		n++;
	}
	items[i] = *e;
	return n;
}

/* The live items after @b, in @items (room for PARTY_ITEMS_MAX). */
static size_t
items_after(struct state_entry *items, const struct party *p, const struct party_batch *b)
{
	size_t n = p->n_items, at = 0, used;
	struct record_frame f;
	struct err err;

	memcpy(items, p->items, n * sizeof *items);
	for (uint32_t i = 0; at < b->frames.n; i++, at += used) {
		assert_int_equal(
			record_frame_decode(&f, span_skip(buf_span(&b->frames), at), &used, &err),
			0);
		struct state_entry e = { .folder = f.folder,
					 .item = f.item,
					 .seq = b->prefix.header.seq };
		record_leaf(&e.leaf, i, &f);
		n = apply_record(items, n, &e, f.flags & RECORD_TOMBSTONE);
	}
	return n;
}

void
party_state_root(struct hash32 *root, const struct party *p, const struct party_batch *b)
{
	AUTO(free) struct state_entry *items = calloc(PARTY_ITEMS_MAX, sizeof *items);
	struct memory_state m = { .items = items };
	const struct state_store store = { &m, memory_entries, memory_get, memory_put,
					   memory_clear };
	struct err err;

	assert_non_null(items);
	m.n = items_after(items, p, b);
	ok(state_rebuild(root, &store, m.n, &err), &err);
}

/* --- batches --- */

static void
append_record(struct party_batch *b, struct merkle *m, uint32_t i, const struct party_record *r)
{
	uint8_t cipher[RECORD_CIPHER_BYTES_MAX];
	size_t n = (r->padded_bytes ? r->padded_bytes : 64) + CRYPTO_TAG_BYTES;
	struct hash32 leaf;
	struct err err;

	os_random(cipher, n);
	const struct record_frame f = {
		.folder = party_folder(r->folder),
		.item = party_item(r->item),
		.flags = r->tombstone ? RECORD_TOMBSTONE : 0,
		.refs = span_of(r->refs, r->n_refs * sizeof *r->refs),
		.ciphertext = span_of(cipher, n),
	};
	ok(record_frame_append(&b->frames, &f, &err), &err);
	record_leaf(&leaf, i, &f);
	merkle_add(m, &leaf);
}

void
party_batch_init(struct party_batch *b, struct party *p, const struct party_record *records,
		 size_t n)
{
	struct merkle m;

	*b = (struct party_batch){
		.frames = BUF_INIT(BATCH_BYTES_MAX),
		.bytes = BUF_INIT(BATCH_BYTES_MAX + BATCH_PREFIX_BYTES_MAX),
		.prefix = {
			.header = {
				.account = p->account,
				.device = p->device,
				.epoch = p->log.epoch,
				.seq = p->seq + 1,
				.previous_head = p->head,
				.log_length = p->log.length,
				.log_head = p->log.head,
				.client_unix_ms = (uint64_t)os->now_unix_ms(),
			},
			.n_records = (uint32_t)n,
		},
	};
	os_random(b->prefix.header.e_public, sizeof b->prefix.header.e_public);
	merkle_init(&m);
	for (size_t i = 0; i < n; i++)
		append_record(b, &m, (uint32_t)i, &records[i]);
	merkle_root(&b->prefix.records_root, &m);
	party_state_root(&b->prefix.state_root, p, b);
}

void
party_batch_finish(struct party_batch *b, const struct party *p)
{
	struct err err;

	ok(batch_sign(&b->prefix, p->dsk, &err), &err);
	ok(batch_head(&b->head, &b->prefix, &err), &err);
	buf_reset(&b->bytes);
	ok(batch_prefix_encode(&b->bytes, &b->prefix, &err), &err);
	ok(buf_append(&b->bytes, buf_span(&b->frames), &err), &err);
}

void
party_batch_clear(struct party_batch *b)
{
	buf_clear(&b->frames);
	buf_clear(&b->bytes);
}

void
party_committed(struct party *p, const struct party_batch *b)
{
	AUTO(free) struct state_entry *items = calloc(PARTY_ITEMS_MAX, sizeof *items);

	assert_non_null(items);
	p->n_items = items_after(items, p, b);
	memcpy(p->items, items, p->n_items * sizeof *items);
	p->seq = b->prefix.header.seq;
	p->head = b->head;
}
