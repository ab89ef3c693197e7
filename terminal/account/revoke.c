/* SPDX-License-Identifier: Apache-2.0 */
/*
 * revoke: a device is shut out, and those that stay get new keys.
 *
 * The revoke entry and the rotate entry travel in one post: the server takes both or neither, so no
 * device is ever shut out that still holds the keys in force.  Nothing that is stored is sent again:
 * the old root secret lies in the rotate entry, sealed under the new one.
 */
#include <stdlib.h>
#include <string.h>

#include "account/account_internal.h"
#include "os/os.h"

#define REVOKE_TRIES 4 /* others may sign entries at the same time */
#define ENTRIES      2 /* revoke and rotate */

/* PSK ‖ DPS */
#define NEXT_KEYS_BYTES (2 * SECRET_BYTES)
#define BOXES_BYTES_MAX                                                                            \
	(LOG_DEVICES_MAX * (NEXT_KEYS_BYTES + BOX_OVERHEAD_BYTES + LOG_NAME_BYTES_MAX))

/* The next epoch. */
struct rotation {
	struct account_keys *keys;
	struct buf old_ars; /* a box */
	struct buf boxes;   /* of all devices that stay; never moves, the entry borrows from it */
	uint8_t passphrase_wrap[WRAP_BYTES], recovery_wrap[WRAP_BYTES];
};

static void
rotation_clear(struct rotation *r)
{
	account_keys_free(r->keys);
	buf_clear(&r->old_ars);
	buf_clear(&r->boxes);
	secret_wipe(r->passphrase_wrap, sizeof r->passphrase_wrap);
	secret_wipe(r->recovery_wrap, sizeof r->recovery_wrap);
}
AUTO_OBJ(rotation_clear, struct rotation);

/* Append a box to @boxes; *out borrows it. */
static int
seal_box(struct span *out, struct buf *boxes, const struct secret *k, const struct id16 *account,
	 struct ds what, struct span plain, struct err *err)
{
	size_t at = boxes->n;

	if (wrap_box_seal(boxes, k, account->b, what, plain, err) < 0)
		return -1;
	*out = span_of(boxes->p + at, boxes->n - at);
	return 0;
}

/* What the entry carries for one device that stays: the next PSK and DPS under its present DPS, and
 * its name under the next PSK. */
static int
carry_device(struct log_rotated_device *out, struct rotation *r, const struct unlocked *u,
	     const struct id16 *device, struct err *err)
{
	AUTO(secret_free) struct secret *dps = NULL;
	AUTO(secret_free) struct secret *next = NULL;
	const struct ds_field epoch = DS_NUM(u->log.epoch + 1);
	char name[ACCOUNT_DEVICE_NAME_MAX + 1];
	uint8_t plain[NEXT_KEYS_BYTES];
	int rc;

	if (account_device_psk(&dps, unlocked_now(u), device->b, err) < 0 ||
	    account_device_psk(&next, r->keys, device->b, err) < 0)
		return -1;
	out->device = *device;
	memcpy(plain, secret_bytes(r->keys->psk), SECRET_BYTES);
	memcpy(plain + SECRET_BYTES, secret_bytes(next), SECRET_BYTES);
	rc = seal_box(&out->keys_box, &r->boxes, dps, &u->account,
		      DS(DS_NEXT_PSK, DS_ID(device->b), epoch), SPAN_ARRAY(plain), err);
	secret_wipe(plain, sizeof plain);
	unlocked_device_name(name, u, device);
	if (rc == 0)
		rc = seal_box(&out->name_box, &r->boxes, r->keys->psk, &u->account,
			      DS(DS_NAME, DS_ID(device->b), epoch), span_str(name), err);
	return rc;
}

/* All that are alive but @shut_out, ascending by id. */
static int
carry_devices(struct log_entry *e, struct rotation *r, const struct unlocked *u,
	      const struct id16 *shut_out, struct err *err)
{
	const struct id16 *last = NULL, *next;

	if (buf_reserve(&r->boxes, BOXES_BYTES_MAX, err) < 0)
		return -1;
	for (;; last = next) {
		next = NULL;
		for (size_t i = 0; i < u->log.n_devices; i++) {
			const struct log_device *d = &u->log.devices[i];

			if (d->state == DEVICE_ALIVE && !id16_equal(&d->id, shut_out) &&
			    (!last || id16_compare(&d->id, last) > 0) &&
			    (!next || id16_compare(&d->id, next) < 0))
				next = &d->id;
		}
		if (!next)
			return 0;
		if (e->n_rotated == LOG_DEVICES_MAX)
			return err_set(err, ERR_LIMIT, "more than %d devices", LOG_DEVICES_MAX);
		if (carry_device(&e->rotated[e->n_rotated++], r, u, next, err) < 0)
			return -1;
	}
}

/* A new root secret, the old one sealed under it, and both wraps.  The passphrase stays. */
static int
rotation_make(struct rotation *r, const struct unlocked *u, const struct unlock_keys *code,
	      struct err *err)
{
	AUTO(secret_free) struct secret *ars = NULL;
	const struct passphrase_cost none = { 0 };
	uint64_t epoch = u->log.epoch + 1, length = u->log.length + ENTRIES;
	struct wrap old;

	if (secret_new_random(&ars, err) < 0 || account_keys_new(&r->keys, ars, err) < 0 ||
	    wrap_box_seal(&r->old_ars, ars, u->account.b, DS(DS_OLD_ARS, DS_NUM(u->log.epoch)),
			  secret_span(unlocked_now(u)->ars), err) < 0 ||
	    wrap_decode(&old, SPAN_ARRAY(u->passphrase_wrap), err) < 0)
		return -1;
	/* The same salt and cost: they are what the passphrase's keys at hand were made with. */
	if (account_wrap(r->passphrase_wrap, WRAP_PASSPHRASE, old.cost, old.salt, epoch, length,
			 u->credential->kek, &u->account, ars, err) < 0)
		return -1;
	return account_wrap(r->recovery_wrap, WRAP_RECOVERY, none, NULL, epoch, length, code->kek,
			    &u->account, ars, err);
}

/* The revoke entry that comes next. */
static int
sign_revoke(struct buf *out, const struct unlocked *u, const struct id16 *device, uint64_t seq,
	    const struct hash32 *head, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();

	if (!e)
		return err_nomem(err);
	log_state_next(e, &u->log);
	e->type = LOG_REVOKE;
	e->client_unix_ms = (uint64_t)os->now_unix_ms();
	e->device = *device;
	e->trusted_seq = seq;
	e->trusted_head = *head;
	return log_entry_sign(out, e, unlocked_now(u)->ask, NULL, err);
}

/* The rotate entry that comes after @revoke. */
static int
sign_rotate(struct buf *out, struct rotation *r, const struct unlocked *u, struct span revoke,
	    const struct id16 *device, const struct unlock_keys *code, const struct id16 *find,
	    struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	struct log_credentials *c;

	if (!e)
		return err_nomem(err);
	log_state_next(e, &u->log);
	e->index++;
	log_entry_hash(&e->before, revoke);
	e->type = LOG_ROTATE;
	e->client_unix_ms = (uint64_t)os->now_unix_ms();
	memcpy(e->ask_public, sign_key_public(r->keys->ask), sizeof e->ask_public);
	memcpy(e->aek_public, r->keys->aek_public, sizeof e->aek_public);
	keys_check(e->psk_check.b, r->keys->psk);
	e->old_ars_box = buf_span(&r->old_ars);
	c = &e->credentials;
	*c = u->log.credentials; /* the passphrase's login stays */
	memcpy(c->recovery_login, sign_key_public(code->login), sizeof c->recovery_login);
	c->recovery_find = *find;
	log_wrap_hash(&c->passphrase_wrap_hash, SPAN_ARRAY(r->passphrase_wrap));
	log_wrap_hash(&c->recovery_wrap_hash, SPAN_ARRAY(r->recovery_wrap));
	if (carry_devices(e, r, u, device, err) < 0)
		return -1;
	return log_entry_sign(out, e, unlocked_now(u)->ask, r->keys->ask, err);
}

/* Room for the keys of one more epoch. */
static int
make_room(struct unlocked *u, struct err *err)
{
	struct account_keys **keys =
		realloc(u->keys, (u->n_keys + 1) * sizeof(struct account_keys *));

	if (!keys)
		return err_nomem(err);
	u->keys = keys;
	return 0;
}

/* The account goes on in the next epoch. */
static void
enter_epoch(struct unlocked *u, struct rotation *r)
{
	u->keys[u->n_keys++] = TAKE(r->keys);
	memcpy(u->passphrase_wrap, r->passphrase_wrap, WRAP_BYTES);
	memcpy(u->recovery_wrap, r->recovery_wrap, WRAP_BYTES);
}

/* Up to which batch it is trusted: that of @trusted, or the newest. */
static int
cut_of(uint64_t *seq, struct hash32 *head, const struct unlocked *u, const struct id16 *device,
       const struct wire_heads *heads, const struct account_batch *trusted, struct err *err)
{
	const struct log_device *d = log_state_device(&u->log, device);
	size_t i = 0;

	if (!d || d->state != DEVICE_ALIVE)
		return err_set(err, ERR_REFUSED, "this device is shut out already");
	while (!id16_equal(&heads->devices[i].device, device))
		i++; /* all are listed: unlocked_check_heads() */
	*seq = heads->devices[i].seq;
	*head = heads->devices[i].head;
	if (!trusted)
		return 0;
	if (trusted->seq > *seq)
		return err_set(err, ERR_USAGE, "its newest backup has number %llu",
			       (unsigned long long)*seq);
	*seq = trusted->seq;
	*head = trusted->seq ? trusted->head : d->added;
	return 0;
}

static int
revoke_once(struct unlocked *u, struct box *box, const struct id16 *device,
	    const struct account_batch *trusted, const struct unlock_keys *code,
	    const struct id16 *find, struct err *err)
{
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };
	AUTO(buf_clear) struct buf revoke = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	AUTO(buf_clear) struct buf rotate = BUF_INIT(LOG_ENTRY_BYTES_MAX);
	AUTO(rotation_clear)
	struct rotation r = { .old_ars = BUF_INIT(LOG_BOX_BYTES_MAX),
			      .boxes = BUF_INIT(BOXES_BYTES_MAX) };
	struct wire_wraps wraps;
	struct span entries[ENTRIES];
	struct hash32 head;
	uint64_t seq;

	if (unlocked_check_heads(u, &heads, err) < 0 ||
	    cut_of(&seq, &head, u, device, &heads, trusted, err) < 0 || make_room(u, err) < 0 ||
	    rotation_make(&r, u, code, err) < 0 ||
	    sign_revoke(&revoke, u, device, seq, &head, err) < 0 ||
	    sign_rotate(&rotate, &r, u, buf_span(&revoke), device, code, find, err) < 0)
		return -1;
	wraps.passphrase_wrap = SPAN_ARRAY(r.passphrase_wrap);
	wraps.recovery_wrap = SPAN_ARRAY(r.recovery_wrap);
	entries[0] = buf_span(&revoke);
	entries[1] = buf_span(&rotate);
	/* Before the server hears of it: whoever is killed then has a code that opens nothing. */
	if (identity_set_recovery_confirmed(box, false, err) < 0 ||
	    unlocked_post(u, entries, ENTRIES, &wraps, err) < 0)
		return -1;
	enter_epoch(u, &r);
	return 0;
}

int
account_revoke(struct recovery_code **code, struct unlocked *u, struct box *box,
	       const struct id16 *device, const struct account_batch *trusted, struct err *err)
{
	AUTO(recovery_code_free) struct recovery_code *made = NULL;
	AUTO(unlock_keys_free) struct unlock_keys *keys = NULL;
	const struct identity *me;
	struct id16 find;
	struct err why = { 0 };
	int rc = -1;

	if (box_identity_need(&me, box, err) < 0)
		return -1;
	if (memcmp(me->device, device->b, sizeof device->b) == 0)
		return err_set(err, ERR_USAGE, "a terminal cannot shut itself out");
	if (u->kind != LOGIN_PASSPHRASE) {
		err_set(err, ERR_LOCKED, "shutting a device out takes the passphrase");
		return err_hint(err, "a forgotten one is replaced first: cloudbox passphrase");
	}
	if (recovery_code_new(&made, err) < 0 || recovery_unlock(&keys, find.b, made, err) < 0)
		return -1;
	for (int i = 0; i < REVOKE_TRIES && rc < 0; i++) {
		rc = revoke_once(u, box, device, trusted, keys, &find, &why);
		if (rc < 0 && why.code != ERR_CONFLICT)
			break;
	}
	if (rc < 0) {
		if (err)
			*err = why;
		return -1;
	}
	if (log_copy_adopt(box, &u->log, buf_span(&u->raw), err) < 0)
		return -1;
	*code = TAKE(made);
	return 0;
}

/* --- what it saved --- */

struct reading {
	const struct unlocked *u;
	const struct log_device *device;
	struct account_batch *out;
	size_t n;
	uint64_t from, to;
};

/* A prefix that its device did not sign is passed by: it can be no cut. */
static int
take_batch(void *ctx, const struct wire_frame *f, struct err *err)
{
	struct reading *r = ctx;
	struct batch_prefix p;
	struct account_batch *b;
	struct err why;
	size_t n;

	(void)err;
	if (f->kind != WIRE_FRAME_BATCH || r->n == ACCOUNT_BATCHES_MAX)
		return 0;
	b = &r->out[r->n];
	if (batch_prefix_decode(&p, f->prefix, &n, &why) != 0 || n != f->prefix.n ||
	    batch_verify(&p, r->device->dsk_public, &why) < 0 ||
	    batch_head(&b->head, &p, &why) < 0 || p.header.seq < r->from || p.header.seq > r->to ||
	    !id16_equal(&p.header.device, &r->device->id) ||
	    !id16_equal(&p.header.account, &r->u->account))
		return 0;
	b->seq = p.header.seq;
	b->client_unix_ms = (int64_t)p.header.client_unix_ms;
	b->n_records = p.n_records;
	r->n++;
	return 0;
}

int
account_batches_read(struct account_batch out[static ACCOUNT_BATCHES_MAX], size_t *n,
		     struct unlocked *u, const struct id16 *device, uint64_t newest,
		     struct err *err)
{
	AUTO(wire_records_clear) struct wire_records ask = { .device = *device };
	struct reading r = { .u = u, .device = log_state_device(&u->log, device), .out = out };
	struct remote *remote = unlocked_remote(u, err);

	*n = 0;
	if (!remote)
		return -1;
	if (!r.device)
		return err_set(err, ERR_NOT_FOUND, "the account has no such device");
	if (newest == 0)
		return 0;
	r.to = newest;
	r.from = newest > ACCOUNT_BATCHES_MAX ? newest - ACCOUNT_BATCHES_MAX + 1 : 1;
	for (uint64_t seq = r.from; seq <= r.to; seq++)
		if (wire_records_add(&ask, (struct wire_record_at){ seq, 0 }, err) < 0)
			return -1;
	if (remote_records(remote, &ask, take_batch, &r, err) < 0)
		return -1;
	*n = r.n;
	return 0;
}
