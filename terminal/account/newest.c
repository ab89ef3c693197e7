/* SPDX-License-Identifier: Apache-2.0 */
/* newest: what each device has on the server, in words that people can compare. */
#include <stdio.h>
#include <string.h>

#include "account/account_internal.h"
#include "crypto/passphrase_words.h"

_Static_assert(PASSPHRASE_N_WORDS >= 1024, "a word of a head is ten bits");

const char *
account_device_state_name(enum device_state state)
{
	switch (state) {
	case DEVICE_ALIVE:
		return "alive";
	case DEVICE_REVOKED:
		return "revoked";
	case DEVICE_RETIRED:
		return "retired";
	case DEVICE_REPLACED:
		return "replaced";
	case DEVICE_SUSPENDED:
		return "suspended";
	}
	return "unknown";
}

void
account_head_words(char out[static ACCOUNT_HEAD_TEXT_BYTES], const struct hash32 *head)
{
	uint64_t bits = 0;
	size_t n = 0;

	for (int i = 0; i < 8; i++)
		bits = bits << 8 | head->b[i];
	for (int i = 0; i < ACCOUNT_HEAD_WORDS; i++)
		n += (size_t)snprintf(out + n, ACCOUNT_HEAD_TEXT_BYTES - n, "%s%s", i ? " " : "",
				      passphrase_words[bits >> (54 - 10 * i) & 1023]);
}

/* When the device's add_device entry was signed, by the clock of who signed it. */
static int64_t
added_at(struct span raw, const struct id16 *device)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	struct span entry;
	struct err err;

	while (e && wire_log_next(&entry, &raw, &err) == 0)
		if (log_entry_decode(e, entry, &err) == 0 && e->type == LOG_ADD_DEVICE &&
		    id16_equal(&e->device, device))
			return (int64_t)e->client_unix_ms;
	return 0;
}

static void
fill(struct account_newest *out, const struct wire_device *w, const struct log_device *d,
     struct span raw)
{
	*out = (struct account_newest){
		.device = w->device,
		.state = w->state,
		.last_seen_unix_ms = (int64_t)w->last_seen_unix_ms,
		.newest_at_unix_ms = (int64_t)w->client_unix_ms,
		.seq = w->seq,
		.n_items = w->n_live,
		.head = w->head,
	};
	if (w->seq > 0)
		account_head_words(out->head_words, &w->head);
	/* The signed log outranks the server, but for what only the operator does. */
	if (d->state != DEVICE_ALIVE)
		out->state = d->state;
	out->added_at_unix_ms = added_at(raw, &w->device);
}

/* The living first, so that they find room. */
static void
fill_all(struct account_newest out[static ACCOUNT_DEVICES_MAX], size_t *n,
	 const struct wire_heads *heads, const struct log_state *s, struct span raw)
{
	*n = 0;
	for (int living = 1; living >= 0; living--)
		for (size_t i = 0; i < heads->n_devices && *n < ACCOUNT_DEVICES_MAX; i++) {
			const struct wire_device *w = &heads->devices[i];
			const struct log_device *d = log_state_device(s, &w->device);

			if (d && (d->state == DEVICE_ALIVE) == living) /* no d: made up */
				fill(&out[(*n)++], w, d, raw);
		}
}

void
newest_of_heads(struct account_newest out[static ACCOUNT_DEVICES_MAX], size_t *n,
		const struct unlocked *u, const struct wire_heads *heads)
{
	fill_all(out, n, heads, &u->log, buf_span(&u->raw));
	for (size_t i = 0; i < *n; i++)
		unlocked_device_name(out[i].name, u, &out[i].device);
}

int
account_newest_checked(struct account_newest out[static ACCOUNT_DEVICES_MAX], size_t *n,
		       struct unlocked *u, struct err *err)
{
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };

	if (unlocked_check_heads(u, &heads, err) < 0)
		return -1;
	newest_of_heads(out, n, u, &heads);
	return 0;
}

static void
name_of(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], struct box *box, const struct log_state *s,
	const struct id16 *device)
{
	const struct identity_keys *keys = &box_identity(box)->keys;
	const struct log_device *d = log_state_device(s, device);

	out[0] = 0;
	if (d)
		account_name_open(out, d, &s->account, keys->psk, keys->epoch);
	if (!out[0]) /* sealed in an earlier epoch */
		name_kept(out, box, device);
}

void
account_device_name(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], struct box *box,
		    const struct id16 *device)
{
	AUTO(log_state_clear) struct log_state s = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	struct err err;

	out[0] = 0;
	if (log_copy_read(&s, &raw, box, &err) == 0)
		name_of(out, box, &s, device);
}

int
account_newest_read(struct account_newest out[static ACCOUNT_DEVICES_MAX], size_t *n,
		    struct box *box, struct remote *remote, struct err *err)
{
	AUTO(log_state_clear) struct log_state s = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };

	if (account_login_put(box, remote, err) < 0 || remote_heads(remote, &heads, err) < 0 ||
	    log_copy_read(&s, &raw, box, err) < 0)
		return -1;
	if (heads.log.length > s.length) { /* a device was added: its name stands in the log */
		if (account_log_refresh(box, remote, err) < 0)
			return -1;
		log_state_clear(&s);
		buf_reset(&raw);
		if (log_copy_read(&s, &raw, box, err) < 0)
			return -1;
	}
	fill_all(out, n, &heads, &s, buf_span(&raw));
	for (size_t i = 0; i < *n; i++)
		name_of(out[i].name, box, &s, &out[i].device);
	return 0;
}
