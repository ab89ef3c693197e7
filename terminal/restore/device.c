/* SPDX-License-Identifier: Apache-2.0 */
/* device: see device.h. */
#include "restore/device.h"

#include <stdio.h>

#include "box/box_items.h"

size_t
device_chain(struct id16 out[static DEVICE_CHAIN_MAX], const struct log_state *log,
	     const struct id16 *id)
{
	size_t n = 1;

	out[0] = *id;
	while (n < DEVICE_CHAIN_MAX) {
		const struct log_device *d = log_state_device(log, &out[n - 1]);

		if (!d || id16_is_zero(&d->replaces))
			break;
		out[n++] = d->replaces;
	}
	return n;
}

static bool
is_among(const struct id16 *id, const struct id16 *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (id16_equal(id, &list[i]))
			return true;
	return false;
}

/* "Phone (1f3a…), Laptop (77c0…)" */
static void
name_device(char *list, size_t size, const struct unlocked *u, const struct id16 *id)
{
	char name[ACCOUNT_DEVICE_NAME_MAX + 1];
	size_t n = strlen(list);

	unlocked_device_name(name, u, id);
	snprintf(list + n, size - n, "%s%s (%.8s)", n ? ", " : "", name, id16_hex(id).s);
}

int
device_only_other(struct id16 *out, const struct unlocked *u, const struct id16 *own_chain,
		  size_t n, struct err *err)
{
	const struct log_state *log = unlocked_log(u);
	char list[400] = "";
	size_t n_others = 0;

	for (size_t i = 0; i < log->n_devices; i++) {
		const struct log_device *d = &log->devices[i];

		if (d->state == DEVICE_REPLACED || is_among(&d->id, own_chain, n))
			continue;
		*out = d->id;
		n_others++;
		name_device(list, sizeof list, u, &d->id);
	}
	if (n_others == 1)
		return 0;
	if (n_others == 0)
		return err_set(
			err, ERR_NOT_FOUND,
			"nothing is backed up from this device, and the account has no other");
	err_set(err, ERR_AMBIGUOUS, "which device's backups? There are: %s", list);
	return err_hint(err, "type --from and one of the names");
}

/* Lists lie in the Box's folder, however long they are. */
static int
fetch_of(struct fetch **out, struct box *box, struct unlocked *u, const struct id16 *id,
	 struct err *err)
{
	AUTO(fetch_free) struct fetch *f = NULL;
	const struct log_device *d = log_state_device(unlocked_log(u), id);
	struct fetch_source source = fetch_source_of(u);
	struct opener_keys keys;

	if (!d)
		return err_set(err, ERR_NOT_FOUND, "the account has no such device");
	keys = opener_keys_of(u, d);
	if (fetch_new(&f, &keys, &source, err) < 0 || fetch_use_disk(f, box_home_fd(box), err) < 0)
		return -1;
	*out = TAKE(f);
	return 0;
}

/* Whether the list holds what is needed. */
static int
has_needed(bool *has, const struct fetch *f, enum device_need need, struct err *err)
{
	struct id16 box = opener_folder_id(fetch_opener(f), span_str(BOX_APP));
	const struct listing *l = fetch_live(f);

	struct wire_item w;

	*has = false;
	for (size_t i = 0; !*has && i < l->n; i++) {
		if (listing_get(&w, l, i, err) < 0)
			return -1;
		*has = id16_equal(&w.folder, &box) == (need == DEVICE_NEEDS_BOX);
	}
	return 0;
}

/* The newest batch that this terminal knows of; seq 0: none. */
static int
known_newest(struct device_head *out, const struct id16 *id, struct box *box, struct err *err)
{
	const struct identity *me = box_identity(box);
	struct identity_device known[IDENTITY_DEVICES_MAX];
	size_t n = 0;

	*out = (struct device_head){ .device = *id };
	if (me && memcmp(me->device, id->b, sizeof id->b) == 0) {
		out->seq = me->acked_seq;
		memcpy(out->head.b, me->acked_head, sizeof out->head.b);
		return 0;
	}
	if (identity_heads(known, &n, box, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (memcmp(known[i].device, id->b, sizeof id->b) != 0)
			continue;
		out->seq = known[i].seq;
		memcpy(out->head.b, known[i].head, sizeof out->head.b);
	}
	return 0;
}

void
device_stand_at_cut(struct device_head *known, const struct log_device *d, uint64_t shown_seq)
{
	if (d->state == DEVICE_RETIRED && shown_seq == 0) {
		known->seq = 0;
		known->head = d->added;
		return;
	}
	if ((d->state != DEVICE_REVOKED && d->state != DEVICE_REPLACED) ||
	    known->seq <= d->trusted_seq)
		return;
	known->seq = d->trusted_seq;
	known->head = d->trusted_head;
}

int
device_check_newest(const struct fetch *f, struct box *box, struct err *err)
{
	uint64_t seq = fetch_newest_seq(f);
	struct device_head known;

	if (known_newest(&known, &fetch_device(f)->id, box, err) < 0)
		return -1;
	device_stand_at_cut(&known, fetch_device(f), seq);
	if (seq < known.seq)
		return err_set(err, ERR_ALARM,
			       "the server shows an older state: batch %llu of this device's is "
			       "its newest, but batch %llu was there",
			       (unsigned long long)seq, (unsigned long long)known.seq);
	if (seq > 0 && seq == known.seq && !hash32_equal(fetch_newest_head(f), &known.head))
		return err_set(err, ERR_ALARM,
			       "the server shows another batch %llu of this device's than the one "
			       "that was there",
			       (unsigned long long)seq);
	return 0;
}

/* The first of @chain that has what is needed: *out, or NULL.  One whose list is not to be trusted
 * is it, too: else a server could make a device's backups unseen by emptying its list. */
static int
open_chain(struct fetch **out, struct box *box, struct unlocked *u, const struct id16 *chain,
	   size_t n, enum device_need need, struct err *err)
{
	*out = NULL;
	for (size_t i = 0; i < n; i++) {
		AUTO(fetch_free) struct fetch *f = NULL;
		struct err alarm = { 0 };
		bool has;

		if (fetch_of(&f, box, u, &chain[i], err) < 0 || fetch_list(f, err) < 0 ||
		    has_needed(&has, f, need, err) < 0)
			return -1;
		if (has || fetch_alarm(f)[0] || device_check_newest(f, box, &alarm) < 0) {
			*out = TAKE(f);
			return 0;
		}
	}
	return 0;
}

/* This device and those it replaced, as far as they can have backups. */
static int
own_chain(struct id16 out[static DEVICE_CHAIN_MAX], size_t *n, bool *sent, struct box *box,
	  struct unlocked *u, struct err *err)
{
	const struct identity *me;
	struct id16 id;

	if (box_identity_need(&me, box, err) < 0)
		return -1;
	memcpy(id.b, me->device, sizeof id.b);
	*n = device_chain(out, unlocked_log(u), &id);
	*sent = me->acked_seq > 0;
	return 0;
}

static int
open_named(struct fetch **out, struct box *box, struct unlocked *u, const char *from,
	   struct err *err)
{
	struct id16 id;

	return unlocked_device_find(&id, u, from, err) < 0 ? -1 : fetch_of(out, box, u, &id, err);
}

int
device_open(struct fetch **out, struct box *box, struct unlocked *u, const char *from,
	    enum device_need need, struct err *err)
{
	AUTO(fetch_free) struct fetch *f = NULL;
	struct id16 own[DEVICE_CHAIN_MAX], other[DEVICE_CHAIN_MAX];
	size_t n_own, n_other;
	bool sent;

	if (from) {
		if (open_named(&f, box, u, from, err) < 0 || fetch_list(f, err) < 0)
			return -1;
		*out = TAKE(f);
		return 0;
	}
	/* A device that never got an acknowledgement has nothing there: it need not be asked. */
	if (own_chain(own, &n_own, &sent, box, u, err) < 0 ||
	    open_chain(&f, box, u, own + !sent, n_own - !sent, need, err) < 0)
		return -1;
	if (!f) {
		struct id16 only;

		if (device_only_other(&only, u, own, n_own, err) < 0)
			return -1;
		n_other = device_chain(other, unlocked_log(u), &only);
		if (open_chain(&f, box, u, other, n_other, need, err) < 0)
			return -1;
	}
	if (!f)
		return err_set(err, ERR_NOT_FOUND, "nothing is backed up yet");
	*out = TAKE(f);
	return 0;
}

int
device_first(struct fetch **out, struct box *box, struct unlocked *u, const char *from,
	     struct err *err)
{
	struct id16 own[DEVICE_CHAIN_MAX], other;
	struct err why = { 0 };
	size_t n_own;
	bool sent;

	if (from)
		return open_named(out, box, u, from, err);
	if (own_chain(own, &n_own, &sent, box, u, err) < 0)
		return -1;
	if (sent || n_own > 1)
		return fetch_of(out, box, u, &own[!sent], err);
	if (device_only_other(&other, u, own, n_own, &why) < 0)
		return BOX_ABSENT;
	return fetch_of(out, box, u, &other, err);
}
