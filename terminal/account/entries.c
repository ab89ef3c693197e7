/* SPDX-License-Identifier: Apache-2.0 */
/* entries: what signing a log entry takes: device heads checked, wraps, names, posting. */
#include <string.h>
#include <unistr.h>

#include "account/account_internal.h"
#include "base/text.h"

#define NAME_PLAIN_MAX 256
#define HEADS_TRIES    4 /* others may sign entries at the same time */

struct log_entry *
log_entry_new(void)
{
	return calloc(1, sizeof(struct log_entry));
}

void
log_entry_free(struct log_entry *e)
{
	free(e);
}

struct unlocked *
unlocked_new(struct remote *remote)
{
	struct unlocked *u = calloc(1, sizeof *u);

	if (!u)
		return NULL;
	u->remote = remote;
	u->raw = (struct buf)BUF_INIT(LOG_COPY_BYTES_MAX);
	return u;
}

int
account_name_check(const char *name, struct err *err)
{
	size_t n = strlen(name);

	if (n == 0 || n > ACCOUNT_DEVICE_NAME_MAX || u8_check((const uint8_t *)name, n))
		return err_set(err, ERR_USAGE, "a device's name is UTF-8 text of 1 to %d bytes",
			       ACCOUNT_DEVICE_NAME_MAX);
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(err, ERR_USAGE, "a device's name has no control characters");
	return 0;
}

void
account_name_open(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], const struct log_device *d,
		  const struct id16 *account, const struct secret *psk, uint64_t epoch)
{
	size_t n = d->n_name_box < BOX_OVERHEAD_BYTES ? 0 : d->n_name_box - BOX_OVERHEAD_BYTES;
	struct err err;

	out[0] = 0;
	if (n == 0 || n > ACCOUNT_DEVICE_NAME_MAX || epoch != d->name_epoch ||
	    wrap_box_open(out, n, psk, account->b,
			  DS(DS_NAME, DS_ID(d->id.b), DS_NUM(d->name_epoch)),
			  span_of(d->name_box, d->n_name_box), &err) < 0)
		n = 0;
	out[n] = 0;
	if (n && account_name_check(out, &err) < 0)
		out[0] = 0;
}

int
account_wrap(uint8_t out[static WRAP_BYTES], enum wrap_kind kind, struct passphrase_cost cost,
	     const uint8_t *salt, uint64_t epoch, uint64_t log_length, const struct secret *kek,
	     const struct id16 *account, const struct secret *ars, struct err *err)
{
	struct wrap w = { .kind = kind, .epoch = epoch, .log_length = log_length };

	if (kind == WRAP_PASSPHRASE) {
		w.cost = cost;
		memcpy(w.salt, salt, sizeof w.salt);
	}
	if (wrap_make(&w, kek, account->b, ars, err) < 0)
		return -1;
	wrap_encode(out, &w);
	return 0;
}

int
account_new_passphrase(struct unlock_keys **out, uint8_t salt[static PASSPHRASE_SALT_BYTES],
		       struct passphrase_cost *cost, const struct passphrase *p,
		       const struct id16 *account, struct err *err)
{
	if (passphrase_check_new(p, err) < 0)
		return -1;
	if (cost->memory_kib == 0)
		*cost = passphrase_cost_default(passphrase_machine_bytes());
	passphrase_salt_random(salt);
	return passphrase_unlock(out, p, *cost, account->b, salt, err);
}

static int
alarm_head(const struct unlocked *u, const struct id16 *device, const char *what, struct err *err)
{
	char name[ACCOUNT_DEVICE_NAME_MAX + 1];

	unlocked_device_name(name, u, device);
	err_set(err, ERR_ALARM, "device %s (%.8s): %s", name, id16_hex(device).s, what);
	return err_hint(err, "the server shows another history than the device signed: ask its "
			     "operator before going on");
}

/* It could not be verified for the reason @why, which is not always the server's fault. */
static int
blame_head(const struct unlocked *u, const struct id16 *device, const struct err *why,
	   const char *what, struct err *err)
{
	if (why->code != ERR_NOMEM)
		return alarm_head(u, device, what, err);
	if (err)
		*err = *why;
	return -1;
}

/* What only the server said before: the date is signed, the number of items where its proof holds.
 * One that does not is for whoever reads the items: it keeps nobody out of the account. */
static void
note_signed(struct wire_device *d, const struct batch_prefix *p, const struct state_proof *proof)
{
	const struct id16 zero = { { 0 } };
	struct err why;

	d->client_unix_ms = p->header.client_unix_ms;
	if (state_proof_verify(NULL, proof, &p->state_root, &zero, &zero, &why) == 0)
		d->n_live = proof->n_live;
}

/* The newest batch of a device, by way of the proof that no item of id zero is there. */
static int
check_head(struct unlocked *u, struct wire_device *d, struct err *err)
{
	AUTO(buf_clear) struct buf held = BUF_INIT(REMOTE_ITEM_BYTES_MAX);
	AUTO(wire_item_answer_clear) struct wire_item_answer answer = { 0 };
	const struct log_device *known = log_state_device(&u->log, &d->device);
	struct wire_item_ask ask = { .device = d->device };
	struct batch_prefix prefix;
	struct hash32 head, named;
	struct err why = { 0 };
	size_t n;

	if (!known)
		return alarm_head(u, &d->device, _("the account log does not know it"), err);
	if (d->seq == 0)
		return hash32_equal(&d->head, &known->added)
			       ? 0
			       : alarm_head(u, &d->device, _("its first head is wrong"), err);
	if (remote_item(u->remote, &ask, &answer, &held, err) < 0)
		return -1;
	if (batch_prefix_decode(&prefix, answer.prefix, &n, &why) != 0 || n != answer.prefix.n ||
	    batch_verify(&prefix, known->dsk_public, &why) < 0 ||
	    batch_head(&head, &prefix, &why) < 0 || prefix.header.seq < d->seq ||
	    (prefix.header.seq == d->seq && !hash32_equal(&head, &d->head)) ||
	    !id16_equal(&prefix.header.device, &d->device) ||
	    !id16_equal(&prefix.header.account, &u->account))
		return blame_head(u, &d->device, &why, _("its newest batch is not signed by it"),
				  err);
	if (prefix.header.log_length == 0 || prefix.header.log_length > u->log.length ||
	    log_copy_hash_at(&named, buf_span(&u->raw), prefix.header.log_length - 1, &why) < 0 ||
	    !hash32_equal(&named, &prefix.header.log_head))
		return blame_head(u, &d->device, &why,
				  _("it knows another account log than the server shows"), err);
	/* The device may have saved more between the two answers: what it signed last counts. */
	d->seq = prefix.header.seq;
	d->head = head;
	note_signed(d, &prefix, &answer.proof);
	return 0;
}

/* Answers of one server that contradict each other. */
static int
alarm_log(struct err *err, const char *what)
{
	err_set(err, ERR_ALARM, "%s", text(what));
	return err_hint(err, "type the command once more; if it stays so, sign nothing before the "
			     "server's operator has looked at it");
}

/* The devices' heads and the log, of one moment: whoever signs an entry between the two answers has
 * both asked for again. */
static int
heads_of_log(struct unlocked *u, struct wire_heads *heads, struct err *err)
{
	for (int i = 0; i < HEADS_TRIES; i++) {
		struct remote *remote = unlocked_remote(u, err);

		wire_heads_clear(heads);
		if (!remote || remote_heads(remote, heads, err) < 0)
			return -1;
		if (heads->log.length < u->log.length)
			return alarm_log(err, N_("the server's account log became shorter"));
		if (heads->log.length > u->log.length && unlocked_log_more(u, err) < 0)
			return -1;
		if (heads->log.length > u->log.length)
			return err_set(err, ERR_ALARM,
				       "the server holds back entries of the account log");
		if (heads->log.length == u->log.length)
			return hash32_equal(&heads->log.head, &u->log.head)
				       ? 0
				       : alarm_log(err, N_("the server has two account logs"));
	}
	return err_set(err, ERR_CONFLICT, "the account log has grown meanwhile");
}

/* A head that is held back cannot say which log its device knows. */
static int
check_all_listed(const struct unlocked *u, const struct wire_heads *heads, struct err *err)
{
	for (size_t i = 0; i < u->log.n_devices; i++) {
		const struct id16 *device = &u->log.devices[i].id;
		size_t n = 0;

		while (n < heads->n_devices && !id16_equal(&heads->devices[n].device, device))
			n++;
		if (n == heads->n_devices)
			return alarm_head(u, device, _("the server does not list it"), err);
	}
	return 0;
}

int
unlocked_check_heads(struct unlocked *u, struct wire_heads *heads, struct err *err)
{
	if (heads_of_log(u, heads, err) < 0)
		return -1;
	if (u->log.epoch != u->n_keys) { /* ours sign and seal nothing any more */
		err_set(err, ERR_BUSY, "another device has changed the account's keys meanwhile");
		return err_hint(err, "type the command once more");
	}
	if (check_all_listed(u, heads, err) < 0)
		return -1;
	for (size_t i = 0; i < heads->n_devices; i++)
		if (check_head(u, &heads->devices[i], err) < 0)
			return -1;
	return 0;
}

/* Are the log's entries from @from on these? */
static bool
entries_are(const struct unlocked *u, uint64_t from, const struct span *entries, uint8_t n)
{
	struct hash32 there, ours;
	struct err err;

	for (uint8_t i = 0; i < n; i++) {
		log_entry_hash(&ours, entries[i]);
		if (log_copy_hash_at(&there, buf_span(&u->raw), from + i, &err) < 0 ||
		    !hash32_equal(&there, &ours))
			return false;
	}
	return true;
}

int
unlocked_post(struct unlocked *u, const struct span *entries, uint8_t n,
	      const struct wire_wraps *wraps, struct err *err)
{
	struct remote *remote = unlocked_remote(u, err);
	struct wire_log_post post = { .n_entries = n };
	struct wire_log_state answer;
	uint64_t from = u->log.length;

	if (!remote)
		return -1;
	for (uint8_t i = 0; i < n; i++)
		post.entries[i] = entries[i];
	if (wraps)
		post.wraps = *wraps;
	if (remote_log_post(remote, &post, &answer, err) < 0) {
		struct err why;

		/* Ours may have arrived, and only its answer was lost. */
		if (!remote_problem_is(remote, PROBLEM_LOG) || unlocked_log_more(u, &why) < 0)
			return -1;
		return entries_are(u, from, entries, n)
			       ? 0
			       : err_set(err, ERR_CONFLICT, "the account log has grown meanwhile");
	}
	for (uint8_t i = 0; i < n; i++)
		if (log_state_apply(&u->log, entries[i], err) < 0 ||
		    wire_log_append(&u->raw, entries[i], err) < 0)
			return -1;
	if (answer.length != u->log.length || !hash32_equal(&answer.head, &u->log.head))
		return err_set(err, ERR_ALARM,
			       "the server keeps another account log than was sent");
	return 0;
}
