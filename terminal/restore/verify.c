/* SPDX-License-Identifier: Apache-2.0 */
/* verify: what the server shows without a passphrase.  With data: verify_data.c. */
#include "restore/verify_internal.h"

#include <stdio.h>

#include "account/account.h"
#include "account/log_copy.h"
#include "base/array.h"
#include "base/text.h"
#include "box/inventory.h"
#include "box/journal.h"
#include "box/saved.h"
#include "box/shortcuts.h"
#include "remote/remote.h"
#include "restore/device.h"
#include "restore/listing.h"
#include "restore/result.h"

#define BAD_MAX LISTING_ITEMS_MAX

/* ---- what is bad ---- */

void
verify_result_clear(struct verify_result *r)
{
	for (size_t i = 0; i < r->n_bad; i++) {
		free(r->bad[i].app);
		free(r->bad[i].id);
		free(r->bad[i].name);
		free(r->bad[i].reason);
	}
	free(r->bad);
	*r = (struct verify_result){ 0 };
}

int
verify_bad(struct verify_result *out, struct span app, struct span id, struct span name,
	   const char *reason, struct err *err)
{
	struct verify_bad *b;

	if (array_reserve((void **)&out->bad, &out->cap_bad, out->n_bad + 1, sizeof *out->bad,
			  BAD_MAX, err) < 0)
		return -1;
	b = &out->bad[out->n_bad++];
	b->app = line_for_people(app, err);
	b->id = line_for_people(id, err);
	b->name = line_for_people(name, err);
	b->reason = text_for_people(span_str(reason), err);
	return b->app && b->id && b->name && b->reason ? 0 : err_nomem(err);
}

static int
bad_named(struct verify_result *out, struct box *box, const char *app, struct span native_id,
	  struct span name, const struct id16 *item, const char *reason, struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(16 << 10);

	if (item_show_id(&id, box, native_id, item->b, err) < 0)
		return -1;
	return verify_bad(out, span_str(app), buf_span(&id), name, reason, err);
}

int
verify_bad_item(struct verify_result *out, struct box *box, const struct id16 *item,
		const char *reason, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found here = INVENTORY_FOUND_INIT;
	AUTO(saved_found_clear) struct saved_found there = SAVED_FOUND_INIT;
	char hex[2 * 4 + 1];
	int rc = inventory_get_id(&here, box, item->b, err);

	if (rc == 0)
		return bad_named(out, box, here.item.app, here.item.native_id, here.item.name, item,
				 reason, err);
	if (rc > 0)
		rc = saved_get(&there, box, item->b, err);
	if (rc == 0)
		return bad_named(out, box, there.saved.app, there.saved.native_id,
				 there.saved.native_id, item, reason, err);
	if (rc < 0)
		return -1;
	hex_encode(hex, span_of(item->b, 4));
	return verify_bad(out, span_str(""), span_str(hex), span_str(""), reason, err);
}

int
verify_bad_device(struct verify_result *out, const uint8_t id[static BOX_ID_BYTES],
		  const char *name, const char *reason, struct err *err)
{
	char hex[2 * BOX_ID_BYTES + 1];

	hex_encode(hex, span_of(id, BOX_ID_BYTES));
	return verify_bad(out, span_str(""), span_str(hex), span_str(name), reason, err);
}

static int
by_app_name_id(const void *a, const void *b)
{
	const struct verify_bad *x = a, *y = b;
	int c = strcmp(x->app, y->app);

	if (c == 0)
		c = strcmp(x->name, y->name);
	return c ? c : strcmp(x->id, y->id);
}

void
verify_sort(struct verify_result *out)
{
	if (out->n_bad > 1)
		qsort(out->bad, out->n_bad, sizeof *out->bad, by_app_name_id);
}

/* ---- the account log ---- */

/* What a server can do about a log: not what ends the run. */
static bool
is_about_log(const struct err *err)
{
	switch (err->code) {
	case ERR_ALARM:
	case ERR_AUTH:
	case ERR_FORMAT:
	case ERR_CONFLICT:
	case ERR_UNSUPPORTED:
	case ERR_LIMIT:
		return true;
	default:
		return false;
	}
}

static int
bad_log(struct verify_result *out, struct box *box, const char *reason, struct err *err)
{
	return verify_bad_device(out, box_identity(box)->account, _("account log"), reason, err);
}

/* All of it once more: the entries that are known must be there byte for byte. */
static int
check_log_bytes(struct verify_result *out, struct box *box, struct remote *remote, struct err *err)
{
	AUTO(log_state_clear) struct log_state s = { 0 };
	AUTO(buf_clear) struct buf ours = BUF_INIT(LOG_COPY_BYTES_MAX);
	AUTO(buf_clear) struct buf theirs = BUF_INIT(REMOTE_LOG_BYTES_MAX);

	if (log_copy_read(&s, &ours, box, err) < 0 || remote_log(remote, 0, &theirs, err) < 0)
		return -1;
	if (theirs.n >= ours.n && memcmp(theirs.p, ours.p, ours.n) == 0)
		return 0;
	return bad_log(
		out, box,
		theirs.n < ours.n
			? _("the server's account log lacks entries that this terminal knows")
			: _("the server's account log is another one than this terminal knows"),
		err);
}

static int
check_log(struct verify_result *out, struct box *box, struct remote *remote, struct err *err)
{
	struct err why = { 0 };

	if (account_log_refresh(box, remote, &why) == 0)
		return check_log_bytes(out, box, remote, err);
	if (is_about_log(&why))
		return bad_log(out, box, why.msg, err);
	*err = why;
	return -1;
}

/* ---- the devices' heads ---- */

static const struct wire_device *
shown(const struct wire_heads *heads, const uint8_t id[static BOX_ID_BYTES])
{
	for (size_t i = 0; i < heads->n_devices; i++)
		if (memcmp(heads->devices[i].device.b, id, BOX_ID_BYTES) == 0)
			return &heads->devices[i];
	return NULL;
}

/* @name: of the device; @known: the newest that this terminal knows of it. */
static int
check_head(struct verify_result *out, const struct wire_heads *heads, const char *name,
	   const struct identity_device *known, bool own, struct err *err)
{
	const struct wire_device *w = shown(heads, known->device);
	char words[200] = "";

	if (!w)
		return verify_bad_device(out, known->device, name,
					 _("the server does not know this device any more"), err);
	if (w->seq < known->seq)
		snprintf(words, sizeof words,
			 _("the server shows an older state: batch %llu is its newest, but batch "
			   "%llu was there"),
			 (unsigned long long)w->seq, (unsigned long long)known->seq);
	else if (w->seq == known->seq && memcmp(w->head.b, known->head, sizeof w->head.b) != 0)
		snprintf(words, sizeof words,
			 _("the server shows another batch %llu than the one that was there"),
			 (unsigned long long)w->seq);
	else if (own && w->seq > known->seq)
		snprintf(words, sizeof words,
			 _("the server has batch %llu signed by this terminal, which did not send "
			   "it: its Box was copied, or set back"),
			 (unsigned long long)w->seq);
	return words[0] ? verify_bad_device(out, known->device, name, words, err) : 0;
}

/* What came after the cut of a device that was shut out is not there any more: rightly so. */
static void
stand_at_cut(struct identity_device *known, const struct log_state *log,
	     const struct wire_heads *heads)
{
	const struct wire_device *w = shown(heads, known->device);
	struct device_head head = { .seq = known->seq };
	const struct log_device *d;

	memcpy(head.device.b, known->device, sizeof head.device.b);
	memcpy(head.head.b, known->head, sizeof head.head.b);
	d = log_state_device(log, &head.device);
	if (!d)
		return;
	device_stand_at_cut(&head, d, w ? w->seq : UINT64_MAX);
	known->seq = head.seq;
	memcpy(known->head, head.head.b, sizeof known->head);
}

static int
check_heads(struct verify_result *out, struct box *box, struct remote *remote, struct err *err)
{
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };
	const struct identity *me = box_identity(box);
	struct identity_device own = { .seq = me->acked_seq }, others[IDENTITY_DEVICES_MAX];
	AUTO(log_state_clear) struct log_state log = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	struct err bad_copy; /* told by check_log(): then there is no cut to know of */
	size_t n = 0;

	memcpy(own.device, me->device, sizeof own.device);
	memcpy(own.head, me->acked_head, sizeof own.head);
	if (remote_heads(remote, &heads, err) < 0 || identity_heads(others, &n, box, err) < 0 ||
	    check_head(out, &heads, me->name, &own, true, err) < 0)
		return -1;
	if (log_copy_read(&log, &raw, box, &bad_copy) < 0)
		log_state_clear(&log);
	for (size_t i = 0; i < n; i++) {
		stand_at_cut(&others[i], &log, &heads);
		if (check_head(out, &heads, "", &others[i], false, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the list of live items ---- */

struct checking {
	struct verify_result *out;
	struct box *box;
	struct listing list;
	struct buf prefix; /* of the newest batch */
	size_t at;         /* how far in the list */
};

static void
checking_clear(struct checking *c)
{
	listing_clear(&c->list);
	buf_clear(&c->prefix);
}
AUTO_OBJ(checking_clear, struct checking);

static int
list_begin(void *ctx, struct span prefix, uint64_t n, struct err *err)
{
	struct checking *c = ctx;

	if (n > LISTING_ITEMS_MAX)
		return err_set(err, ERR_LIMIT, "the server lists %llu items, more than %u",
			       (unsigned long long)n, LISTING_ITEMS_MAX);
	listing_clear(&c->list);
	buf_reset(&c->prefix);
	return buf_append(&c->prefix, prefix, err);
}

static int
list_item(void *ctx, const struct wire_item *item, struct err *err)
{
	return listing_add(&((struct checking *)ctx)->list, item, err);
}

/* The list is what this device signed; else *why says what not. */
static int
prove(const struct checking *c, struct err *why)
{
	const struct identity *me = box_identity(c->box);
	struct batch_prefix p;
	size_t n;

	if (c->prefix.n == 0 && c->list.n == 0)
		return 0; /* heads say whether something was there */
	if (batch_prefix_decode(&p, buf_span(&c->prefix), &n, why) != 0 || n != c->prefix.n ||
	    memcmp(p.header.device.b, me->device, sizeof me->device) != 0 ||
	    memcmp(p.header.account.b, me->account, sizeof me->account) != 0 ||
	    batch_verify(&p, sign_key_public(me->dsk), why) < 0)
		return err_set(why, ERR_ALARM,
			       "the newest batch that the server gives is not signed by this "
			       "terminal");
	return listing_check(&c->list, &p.state_root, p.header.seq, why);
}

/* Listed, and not saved from here. */
static int
skip_foreign(struct checking *c, const uint8_t *before, struct err *err)
{
	while (c->at < c->list.n &&
	       (!before || memcmp(c->list.items[c->at].item.b, before, BOX_ID_BYTES) < 0)) {
		if (verify_bad_item(c->out, c->box, &c->list.items[c->at].item,
				    _("the server lists it, but this terminal never saved it"),
				    err) < 0)
			return -1;
		c->at++;
	}
	return 0;
}

static int
check_saved(void *ctx, const struct saved *s, struct err *err)
{
	struct checking *c = ctx;
	const struct wire_item *w;
	struct id16 item;

	memcpy(item.b, s->item, sizeof item.b);
	if (skip_foreign(c, s->item, err) < 0)
		return -1;
	c->out->checked++;
	w = c->at < c->list.n ? &c->list.items[c->at] : NULL;
	if (!w || !id16_equal(&w->item, &item))
		return verify_bad_item(c->out, c->box, &item,
				       _("the server does not list it: its backup is not there"),
				       err);
	c->at++;
	if (w->seq == s->seq && w->index == s->index &&
	    memcmp(w->leaf.b, s->leaf, sizeof s->leaf) == 0 &&
	    memcmp(w->folder.b, s->folder, sizeof s->folder) == 0)
		return 0;
	return verify_bad_item(c->out, c->box, &item,
			       _("the server lists another version of it than it acknowledged"),
			       err);
}

static int
check_list(struct verify_result *out, struct box *box, struct remote *remote, struct err *err)
{
	AUTO(checking_clear)
	struct checking c = { .out = out, .box = box, .prefix = BUF_INIT(BATCH_PREFIX_BYTES_MAX) };
	struct wire_items_sink sink = { &c, list_begin, list_item };
	const struct identity *me = box_identity(box);
	struct err why = { 0 };
	struct id16 device;

	memcpy(device.b, me->device, sizeof device.b);
	if (remote_items(remote, &device, &sink, &why) < 0) {
		if (why.code != ERR_FORMAT) {
			*err = why;
			return -1;
		}
	} else {
		prove(&c, &why);
	}
	if (why.code == ERR_NOMEM)
		return err_nomem(err);
	if (why.code != ERR_NONE && verify_bad_device(out, me->device, me->name, why.msg, err) < 0)
		return -1;
	if (why.code == ERR_FORMAT)
		return 0; /* no list to compare */
	return saved_each(box, NULL, check_saved, &c, err) < 0 ? -1 : skip_foreign(&c, NULL, err);
}

/* ---- all of it ---- */

int
verify_check_settled(struct box *box, struct err *err)
{
	struct journal_batch batch;
	int rc = journal_current(&batch, box, err);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	err_set(err, ERR_CONFLICT, "the last backup is not finished");
	return err_hint(err, "cloudbox backup finishes it; then try again");
}

int
verify_server_locked(struct verify_result *out, struct box *box, struct remote *remote,
		     struct err *err)
{
	const struct identity *me;

	if (box_identity_need(&me, box, err) < 0 || verify_check_settled(box, err) < 0)
		return -1;
	return check_log(out, box, remote, err) < 0 || check_heads(out, box, remote, err) < 0 ||
			       check_list(out, box, remote, err) < 0
		       ? -1
		       : 0;
}

int
verify_server(struct verify_result *out, struct box *box, struct remote *remote, struct err *err)
{
	struct remote_traffic before = remote_traffic(remote), after;
	const struct identity *me;
	int rc;

	if (box_identity_need(&me, box, err) < 0 ||
	    box_lock(box, BOX_LOCK_WAIT_MS, NULL, NULL, err) < 0)
		return -1;
	rc = verify_server_locked(out, box, remote, err);
	box_unlock(box);
	after = remote_traffic(remote);
	out->bytes_received = after.bytes_received - before.bytes_received;
	out->requests = after.requests - before.requests;
	verify_sort(out);
	return rc;
}
