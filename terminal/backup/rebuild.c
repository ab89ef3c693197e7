/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebuild: the map of what lies on the server, anew from the server's own list; and rejoining a
 * server that was set back.
 *
 * The list is believed only if its newest prefix is signed by this device and the state root over
 * the list is the one in that prefix.  What the Box knows of an item stays where sequence number and
 * leaf are the same; of any other version nothing is known, so its item counts as changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "backup/backup_internal.h"
#include "base/array.h"
#include "base/text.h"
#include "os/os.h"

#define LIST_MAX 10000000

struct list {
	struct buf prefix; /* of the newest batch; empty: there is none */
	struct wire_item *items;
	size_t n_items, cap_items;
};

static void
list_clear(struct list *l)
{
	buf_clear(&l->prefix);
	free(l->items);
}
AUTO_OBJ(list_clear, struct list);

static int
list_begin(void *ctx, struct span prefix, uint64_t n, struct err *err)
{
	struct list *l = ctx;

	(void)n;
	l->n_items = 0;
	buf_reset(&l->prefix);
	return buf_append(&l->prefix, prefix, err);
}

static int
list_item(void *ctx, const struct wire_item *item, struct err *err)
{
	struct list *l = ctx;

	if (array_reserve((void **)&l->items, &l->cap_items, l->n_items + 1, sizeof *l->items,
			  LIST_MAX, err) < 0)
		return -1;
	l->items[l->n_items++] = *item;
	return 0;
}

static int
not_ours(struct err *err)
{
	err_set(err, ERR_ALARM, "the server's list of this terminal's items is not what it signed");
	return err_hint(err, "nothing was saved; ask the server's operator: cloudboxd check says "
			     "whether its data are damaged");
}

/* *has_batch false: the device has none there. */
static int
check_prefix(const struct run *r, const struct list *l, const struct hash32 *expected,
	     struct batch_prefix *p, bool *has_batch, struct err *err)
{
	struct hash32 head;
	size_t n;

	*has_batch = l->prefix.n > 0;
	if (!*has_batch)
		return l->n_items == 0 && (!expected || r->me->acked_seq == 0) ? 0 : not_ours(err);
	if (batch_prefix_decode(p, buf_span(&l->prefix), &n, err) != 0 || n != l->prefix.n ||
	    batch_verify(p, sign_key_public(r->me->dsk), err) < 0 ||
	    batch_head(&head, p, err) < 0 || !id16_equal(&p->header.device, &r->device) ||
	    !id16_equal(&p->header.account, &r->account) ||
	    (expected && !hash32_equal(&head, expected)))
		return not_ours(err);
	return 0;
}

/* What the Box knows of the items in the list, read before the map is emptied. */
struct known_row {
	struct saved_found found;
	bool has;
};

struct known {
	struct known_row *rows;
	size_t n, cap;
};

static void
known_clear(struct known *k)
{
	for (size_t i = 0; i < k->n; i++)
		saved_found_clear(&k->rows[i].found);
	free(k->rows);
}
AUTO_OBJ(known_clear, struct known);

static int
known_read(struct known *k, struct run *r, const struct list *l, struct err *err)
{
	if (array_reserve((void **)&k->rows, &k->cap, l->n_items, sizeof *k->rows, LIST_MAX, err) <
	    0)
		return -1;
	for (; k->n < l->n_items; k->n++) {
		struct known_row *row = &k->rows[k->n];
		int rc;

		row->found = (struct saved_found)SAVED_FOUND_INIT;
		rc = saved_get(&row->found, r->box, l->items[k->n].item.b, err);
		if (rc < 0) {
			saved_found_clear(&row->found);
			return -1;
		}
		row->has = rc == 0;
	}
	return 0;
}

/* Another version than the Box knows, or an item that it does not know. */
static int
put_unknown(struct run *r, const struct wire_item *e, const struct saved *known, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found found = INVENTORY_FOUND_INIT;
	struct saved s = {
		.app = known ? known->app : "",
		.native_id = known ? known->native_id : span_of("", 0),
		.seq = e->seq,
		.index = e->index,
		.versions = e->version,
		.chunk_class = known ? known->chunk_class : 0,
	};

	memcpy(s.item, e->item.b, sizeof s.item);
	memcpy(s.folder, e->folder.b, sizeof s.folder);
	memcpy(s.leaf, e->leaf.b, sizeof s.leaf);
	if (!known) {
		int rc = inventory_get_id(&found, r->box, e->item.b, err);

		if (rc < 0)
			return -1;
		if (rc == 0) {
			s.app = found.item.app;
			s.native_id = found.item.native_id;
		}
	}
	return saved_rebuild_put(r->box, &s, err);
}

static int
put_rows(struct run *r, const struct list *l, const struct known *k, struct err *err)
{
	for (size_t i = 0; i < l->n_items; i++) {
		const struct wire_item *e = &l->items[i];
		const struct saved *s = k->rows[i].has ? &k->rows[i].found.saved : NULL;
		int rc;

		if (s && s->seq == e->seq && memcmp(s->leaf, e->leaf.b, sizeof s->leaf) == 0)
			rc = saved_rebuild_put(r->box, s, err);
		else
			rc = put_unknown(r, e, s, err);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
rebuild(struct run *r, const struct list *l, const struct batch_prefix *p, bool has_batch,
	struct err *err)
{
	AUTO(known_clear) struct known k = { 0 };
	struct hash32 root;

	if (known_read(&k, r, l, err) < 0 || saved_rebuild_begin(r->box, err) < 0 ||
	    put_rows(r, l, &k, err) < 0 || saved_rebuild_end(&root, r->box, err) < 0)
		return -1;
	return !has_batch || hash32_equal(&root, &p->state_root) ? 0 : not_ours(err);
}

int
rebuild_map(struct run *r, const struct hash32 *expected, struct batch_prefix *newest,
	    bool *has_batch, struct err *err)
{
	AUTO(list_clear) struct list l = { .prefix = BUF_INIT(BATCH_PREFIX_BYTES_MAX) };
	struct wire_items_sink sink = { &l, list_begin, list_item };

	if (remote_login_device(r->remote, &r->account, &r->device, r->me->dsk, err) < 0 ||
	    remote_items(r->remote, &r->device, &sink, err) < 0 ||
	    check_prefix(r, &l, expected, newest, has_batch, err) < 0 || box_begin(r->box, err) < 0)
		return -1;
	if (rebuild(r, &l, newest, *has_batch, err) < 0 || box_commit(r->box, err) < 0) {
		box_rollback(r->box);
		return -1;
	}
	return 0;
}

/* The rejoin batch: no records; what the server has, and what was lost. */
static int
seal_rejoin(struct journal_batch *out, struct run *r, const struct batch_prefix *newest,
	    bool has_batch, const struct hash32 *first_head, struct err *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_INIT(BATCH_PREFIX_BYTES_MAX);
	AUTO(seal_free) struct seal *seal = NULL;
	struct batch_prefix p = { .header = {
					  .kind = BATCH_REJOIN,
					  .account = r->account,
					  .device = r->device,
					  .epoch = r->me->keys.epoch,
					  .seq = r->me->acked_seq + 1,
					  .previous_head = *first_head,
					  .lost_seq = r->me->acked_seq,
					  .log_length = r->me->log_length,
					  .client_unix_ms = (uint64_t)os->now_unix_ms(),
				  } };
	struct merkle none;
	struct hash32 head, zero = { { 0 } };

	memcpy(p.header.lost_head.b, r->me->acked_head, sizeof p.header.lost_head.b);
	memcpy(p.header.log_head.b, r->me->log_head, sizeof p.header.log_head.b);
	if (has_batch && batch_head(&p.header.previous_head, newest, err) < 0)
		return -1;
	if (seal_new(&seal, r->me->keys.psk, r->me->keys.aek_public, err) < 0)
		return -1;
	memcpy(p.header.e_public, seal_e_public(seal), sizeof p.header.e_public);
	merkle_init(&none);
	merkle_root(&p.records_root, &none);
	if (has_batch)
		p.state_root = newest->state_root;
	else
		state_root_hash(&p.state_root, 0, &zero);
	if (batch_sign(&p, r->me->dsk, err) < 0 || batch_head(&head, &p, err) < 0 ||
	    batch_prefix_encode(&bytes, &p, err) < 0 || journal_begin(r->box, err) < 0)
		return -1;
	*out = (struct journal_batch){ .kind = BATCH_REJOIN,
				       .seq = p.header.seq,
				       .epoch = p.header.epoch };
	memcpy(out->head, head.b, sizeof out->head);
	if (journal_seal(r->box, out, buf_span(&bytes), err) < 0) {
		box_rollback(r->box);
		return -1;
	}
	return 0;
}

/* Entries of the account log that went with the rest are forgotten, and that is said. */
static int
follow_log_back(struct run *r, const struct wire_log_state *there, bool *cut, struct err *err)
{
	uint64_t lost = r->me->log_length > there->length ? r->me->log_length - there->length : 0;
	char words[200];

	*cut = lost > 0;
	if (!*cut)
		return 0;
	if (account_log_cut(r->box, there->length, &there->head, err) < 0)
		return -1;
	snprintf(words, sizeof words,
		 text_plural("%llu entry of the account log was lost with it: a device that was "
			     "added since, a new passphrase or recovery code must be made anew",
			     "%llu entries of the account log were lost with it: devices that were "
			     "added since, a new passphrase or recovery code must be made anew",
			     (unsigned long)lost),
		 (unsigned long long)lost);
	return result_warn(r->out, words, err);
}

#define NOT_BEHIND 1 /* but for the account log */

/* What the server says it has of this device; refuses to rejoin a server that is not behind. */
static int
see_server(struct run *r, struct hash32 *head, struct err *err)
{
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };
	bool cut;

	if (remote_login_device(r->remote, &r->account, &r->device, r->me->dsk, err) < 0 ||
	    remote_heads(r->remote, &heads, err) < 0 ||
	    follow_log_back(r, &heads.log, &cut, err) < 0)
		return -1;
	for (size_t i = 0; i < heads.n_devices; i++) {
		const struct wire_device *d = &heads.devices[i];

		if (!id16_equal(&d->device, &r->device))
			continue;
		if (d->seq > r->me->acked_seq)
			return send_alarm_cloned(d->seq, err);
		if (d->seq == r->me->acked_seq)
			return cut ? NOT_BEHIND
				   : err_set(err, ERR_USAGE, "the server is not behind");
		*head = d->head;
		return 0;
	}
	return err_set(err, ERR_REVOKED, "the server does not know this terminal any more");
}

static int
rejoin(struct run *r, struct err *err)
{
	struct journal_batch batch;
	struct batch_prefix newest;
	struct hash32 head;
	bool has_batch;
	int rc = journal_current(&batch, r->box, err);

	if (rc < 0 || (rc == 0 && journal_drop(r->box, &batch, err) < 0))
		return -1;
	rc = see_server(r, &head, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (rebuild_map(r, NULL, &newest, &has_batch, err) < 0 ||
	    seal_rejoin(&batch, r, &newest, has_batch, &head, err) < 0)
		return -1;
	rc = send_batch(r, &batch, err);
	return rc > 0 ? err_wrap(err, "rejoining") : rc;
}

int
backup_rejoin(struct backup_result *out, struct box *box, struct remote *remote, struct err *err)
{
	AUTO(run_clear) struct run r = { 0 };
	int rc;

	if (run_lock(box, NULL, err) < 0)
		return -1;
	rc = run_open(&r, box, remote, NULL, out, err);
	if (rc == 0)
		rc = rejoin(&r, err);
	if (rc == 0)
		rc = result_finish(&r, err);
	box_unlock(box);
	return rc;
}
