/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server: the account's server at another address; see owner.h.
 *
 * An address means nothing by itself: whoever answers there shows that it is the same server by what
 * it cannot make, the signed log and the signed heads.  A copy of the server's disk can show both; so
 * the old address is asked, too, and where it shows anything else both cannot be the account's server.
 */
#include <stdio.h>

#include "account/account_internal.h"
#include "account/owner.h"
#include "base/text.h"
#include "box/settings.h"
#include "remote/remote_url.h"

int
account_server_of(struct identity_server *out, const struct remote_url *from, struct err *err)
{
	struct remote_url url = remote_url_server(from);
	char line[REMOTE_URL_TEXT_BYTES];

	*out = (struct identity_server){ .tls = url.pinned ? IDENTITY_TLS_PIN
						: url.tls  ? IDENTITY_TLS_CA
							   : IDENTITY_TLS_NONE };
	memcpy(out->pin, url.pin, sizeof out->pin);
	url.pinned = false;
	remote_url_print(line, &url);
	line[strlen(line) - 1] = 0; /* the slash */
	if (strlen(line) > IDENTITY_URL_MAX)
		return err_set(err, ERR_LIMIT, "the server's address is too long");
	memcpy(out->url, line, strlen(line) + 1);
	return 0;
}

static bool
same_server(const struct identity_server *a, const struct identity_server *b)
{
	return strcmp(a->url, b->url) == 0 && a->tls == b->tls &&
	       memcmp(a->pin, b->pin, sizeof a->pin) == 0;
}

bool
account_server_is(struct box *box, const struct remote_url *url)
{
	const struct identity *me = box_identity(box);
	struct identity_server server;
	struct err err;

	return me && account_server_of(&server, url, &err) == 0 &&
	       same_server(&server, &me->server);
}

/* The address that a set_server entry names. */
static int
server_of_text(struct identity_server *out, const char *text, struct err *err)
{
	struct remote_url url;

	if (remote_url_parse(&url, span_str(text), err) < 0)
		return -1;
	if (url.kind != REMOTE_URL_SERVER)
		return err_set(err, ERR_FORMAT, "the account log names no server's address");
	return account_server_of(out, &url, err);
}

int
server_follow(struct box *box, const char *text, struct err *err)
{
	const struct identity *me = box_identity(box);
	struct identity_server server;
	char before[REMOTE_URL_TEXT_BYTES];
	struct remote_url old;

	if (server_of_text(&server, text, err) < 0)
		return -1;
	if (same_server(&server, &me->server))
		return 0;
	if (remote_url_parse(&old, span_str(me->server.url), err) < 0)
		return -1;
	old.pinned = me->server.tls == IDENTITY_TLS_PIN;
	memcpy(old.pin, me->server.pin, sizeof old.pin);
	remote_url_print(before, &old);
	if (setting_set(box, ACCOUNT_SERVER_BEFORE, span_str(before), err) < 0)
		return -1;
	return identity_set_server(box, &server, err);
}

int
account_log_follow(char moved[static ACCOUNT_MOVED_TEXT_BYTES], struct box *box,
		   struct remote *remote, struct err *err)
{
	const struct identity *me;
	struct identity_server before;

	moved[0] = 0;
	if (box_identity_need(&me, box, err) < 0)
		return -1;
	before = me->server;
	if (account_log_refresh(box, remote, err) < 0)
		return -1;
	if (!same_server(&before, &me->server))
		snprintf(moved, ACCOUNT_MOVED_TEXT_BYTES,
			 _("the account's server has another address: %s. This terminal goes there "
			   "from now on"),
			 me->server.url);
	return 0;
}

static int
stays(struct err *err)
{
	return err_hint(err,
			"nothing was changed: this terminal stays with the address it has; ask "
			"the server's operator");
}

static int
not_this_account(struct err *err, const char *why)
{
	err_set(err, ERR_ALARM, "the server there is not in the state that this terminal knows: %s",
		text(why));
	return stays(err);
}

/* The newest batch of a device as the server has it must be the one known here, or a newer one. */
static int
check_head(const struct log_state *log, const struct wire_heads *heads, struct device_head known,
	   struct err *err)
{
	const struct log_device *d = log_state_device(log, &known.device);
	size_t i = 0;

	if (!d || d->state == DEVICE_RETIRED) /* what it had may be over */
		return 0;
	if (d->state != DEVICE_ALIVE && known.seq > d->trusted_seq) {
		known.seq = d->trusted_seq;
		known.head = d->trusted_head;
	}
	while (i < heads->n_devices && !id16_equal(&heads->devices[i].device, &known.device))
		i++;
	if (i == heads->n_devices)
		return not_this_account(err, N_("it does not list a device"));
	if (heads->devices[i].seq < known.seq)
		return not_this_account(err, N_("it lacks backups that were there"));
	if (known.seq && heads->devices[i].seq == known.seq &&
	    !hash32_equal(&heads->devices[i].head, &known.head))
		return not_this_account(err, N_("it has other backups than were there"));
	return 0;
}

static int
check_heads(struct box *box, const struct log_state *log, const struct wire_heads *heads,
	    struct err *err)
{
	const struct identity *me = box_identity(box);
	struct identity_device others[IDENTITY_DEVICES_MAX];
	struct device_head known = { .seq = me->acked_seq };
	size_t n = 0;

	memcpy(known.device.b, me->device, sizeof known.device.b);
	memcpy(known.head.b, me->acked_head, sizeof known.head.b);
	if (check_head(log, heads, known, err) < 0 || identity_heads(others, &n, box, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		known.seq = others[i].seq;
		memcpy(known.device.b, others[i].device, sizeof known.device.b);
		memcpy(known.head.b, others[i].head, sizeof known.head.b);
		if (check_head(log, heads, known, err) < 0)
			return -1;
	}
	return 0;
}

/* Log in there as this device: only who has the account knows its key. */
static int
log_in_there(struct box *box, struct remote *there, struct err *err)
{
	if (account_login_put(box, there, err) == 0)
		return 0;
	if (!err || err->code == ERR_UNREACHABLE || !remote_problem(there))
		return -1;
	if (err->code != ERR_REVOKED && err->code != ERR_AUTH)
		return -1;
	err_set(err, ERR_NOT_FOUND, "the server there does not know this account");
	return stays(err);
}

/* One that continues the log known here is taken over: it is signed. */
static int
read_log(struct box *box, struct remote *there, struct err *err)
{
	if (account_log_refresh(box, there, err) == 0)
		return 0;
	return err->code == ERR_ALARM ? stays(err) : -1;
}

int
account_server_meet(struct box *box, struct remote *there, struct err *err)
{
	AUTO(wire_heads_clear) struct wire_heads heads = { 0 };
	AUTO(log_state_clear) struct log_state log = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	struct identity_server asked, said;
	struct err none;

	if (account_server_of(&asked, remote_server(there), err) < 0 ||
	    log_in_there(box, there, err) < 0 || read_log(box, there, err) < 0 ||
	    log_copy_read(&log, &raw, box, err) < 0 || remote_heads(there, &heads, err) < 0 ||
	    check_heads(box, &log, &heads, err) < 0)
		return -1;
	if (!log.url[0] || server_of_text(&said, log.url, &none) < 0 || !same_server(&asked, &said))
		return ACCOUNT_SERVER_UNSAID;
	return server_follow(box, log.url, err);
}

int
account_server_move(struct unlocked *u, struct box *box, struct err *err)
{
	AUTO(log_entry_free) struct log_entry *e = log_entry_new();
	struct remote_url url = remote_url_server(remote_server(u->remote));
	char line[REMOTE_URL_TEXT_BYTES];

	if (!e)
		return err_nomem(err);
	remote_url_print(line, &url);
	e->type = LOG_SET_SERVER;
	e->url = span_str(line);
	return unlocked_sign(u, box, e, err);
}

static bool
same_heads(const struct wire_heads *a, const struct wire_heads *b)
{
	if (a->log.length != b->log.length || !hash32_equal(&a->log.head, &b->log.head) ||
	    a->n_devices != b->n_devices)
		return false;
	for (size_t i = 0; i < a->n_devices; i++) {
		const struct wire_device *x = &a->devices[i], *y = &b->devices[i];

		if (!id16_equal(&x->device, &y->device) || x->seq != y->seq ||
		    !hash32_equal(&x->head, &y->head))
			return false;
	}
	return true;
}

#define COMPARE_TRIES 4 /* a device may save something between the two answers */

enum account_server_old
account_server_compare(struct box *box, struct remote *old, struct remote *there)
{
	struct err err;

	for (int i = 0; i < COMPARE_TRIES; i++) {
		AUTO(wire_heads_clear) struct wire_heads a = { 0 };
		AUTO(wire_heads_clear) struct wire_heads b = { 0 };

		if (account_login_put(box, old, &err) < 0 || remote_heads(old, &a, &err) < 0)
			return err.code == ERR_UNREACHABLE || err.code == ERR_AUTH
				       ? ACCOUNT_SERVER_SILENT
				       : ACCOUNT_SERVER_ANOTHER;
		if (remote_heads(there, &b, &err) < 0)
			return ACCOUNT_SERVER_ANOTHER;
		if (same_heads(&a, &b))
			return ACCOUNT_SERVER_SAME;
	}
	return ACCOUNT_SERVER_ANOTHER;
}
