/* SPDX-License-Identifier: Apache-2.0 */
/* notices: see notices.h. */
#include "account/notices.h"

#include <stdio.h>
#include <string.h>

#include "account/account_internal.h"
#include "account/log_copy.h"
#include "base/text.h"
#include "base/when.h"
#include "box/settings.h"
#include "remote/remote.h"

#define KEPT "local-notices"      /* wire_notices_print() */
#define TOLD "local-notices-told" /* ids of them, in hex, with a blank after each */

/* --- keeping --- */

static int
get(struct wire_notices *out, struct box *box, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(SETTING_VALUE_MAX);
	int rc = setting_get(&text, box, KEPT, err);

	out->n = 0;
	if (rc == 0 && wire_notices_parse(out, buf_span(&text), NULL) < 0)
		out->n = 0; /* the next answer brings them anew */
	return rc < 0 ? -1 : 0;
}

int
account_notices_keep(struct box *box, const struct remote *remote, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(WIRE_NOTICES_TEXT_BYTES);
	AUTO(buf_clear) struct buf before = BUF_INIT(SETTING_VALUE_MAX);
	const struct wire_notices *told = remote_notices(remote);

	if (!told)
		return 0;
	if (wire_notices_print(&text, told, err) < 0 || setting_get(&before, box, KEPT, err) < 0)
		return -1;
	if (span_equal(buf_span(&text), buf_span(&before)))
		return 0;
	return told->n ? setting_set(box, KEPT, buf_span(&text), err)
		       : setting_remove(box, KEPT, err);
}

/* --- sentences --- */

const char *
account_notice_kind_name(enum wire_notice_kind kind)
{
	switch (kind) {
	case WIRE_NOTICE_SILENCE:
		return "silence";
	case WIRE_NOTICE_DRILL:
		return "drill";
	case WIRE_NOTICE_QUOTA:
		return "quota";
	case WIRE_NOTICE_FILLS:
		return "fills";
	case WIRE_NOTICE_HOLD:
		return "hold";
	}
	return "unknown";
}

/* A device's name, or the beginning of its id. */
static void
name_of(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], const struct log_state *log,
	const struct id16 *device, struct box *box)
{
	const struct identity_keys *keys = &box_identity(box)->keys;
	const struct log_device *d = log_state_device(log, device);

	out[0] = '\0';
	if (d)
		account_name_open(out, d, &log->account, keys->psk, keys->epoch);
	if (!out[0])
		snprintf(out, ACCOUNT_DEVICE_NAME_MAX + 1, "%.8s", id16_hex(device).s);
}

static void
print(struct account_notice *out, const char *name)
{
	const struct wire_notice *n = &out->notice;
	char since[WHEN_TEXT_BYTES];

	when_print(since, (int64_t)n->since_unix_ms / 1000 * 1000);
	switch (n->kind) {
	case WIRE_NOTICE_SILENCE:
		snprintf(out->text, sizeof out->text,
			 _("%s has not come to the server since %s, though it was to"), name,
			 since);
		return;
	case WIRE_NOTICE_DRILL:
		snprintf(out->text, sizeof out->text,
			 _("%s tried whether its backup can be restored, and it could not"), name);
		return;
	case WIRE_NOTICE_QUOTA:
		snprintf(out->text, sizeof out->text,
			 _("the account uses %u %% of its quota on the server"), n->number);
		return;
	case WIRE_NOTICE_FILLS:
		snprintf(
			out->text, sizeof out->text,
			text_plural("the account's quota will be full in %u day if it goes on like "
				    "this",
				    "the account's quota will be full in %u days if it goes on "
				    "like this",
				    n->number),
			n->number);
		return;
	case WIRE_NOTICE_HOLD:
		snprintf(out->text, sizeof out->text,
			 text_plural("%s: much was deleted in %u folder; the server keeps the old "
				     "versions until you say that they may go",
				     "%s: much was deleted in %u folders; the server keeps the old "
				     "versions until you say that they may go",
				     n->number),
			 name, n->number);
		return;
	}
}

int
account_notices_read(struct account_notice out[static WIRE_NOTICES_MAX], size_t *n, struct box *box,
		     struct err *err)
{
	AUTO(log_state_clear) struct log_state log = { 0 };
	AUTO(buf_clear) struct buf raw = BUF_INIT(LOG_COPY_BYTES_MAX);
	struct wire_notices kept;

	*n = 0;
	if (get(&kept, box, err) < 0)
		return -1;
	if (kept.n && log_copy_read(&log, &raw, box, err) < 0)
		return -1;
	for (size_t i = 0; i < kept.n; i++) {
		char name[ACCOUNT_DEVICE_NAME_MAX + 1];

		out[i].notice = kept.at[i];
		name_of(name, &log, &kept.at[i].device, box);
		print(&out[i], name);
	}
	*n = kept.n;
	return 0;
}

/* --- telling once --- */

static bool
is_told(const char *told, uint64_t id)
{
	char one[24];

	snprintf(one, sizeof one, "%016llx ", (unsigned long long)id);
	return strstr(told, one) != NULL;
}

int
account_notices_new(struct account_notice out[static WIRE_NOTICES_MAX], size_t *n, struct box *box,
		    struct err *err)
{
	AUTO(buf_clear) struct buf told = BUF_INIT(SETTING_VALUE_MAX);
	AUTO(buf_clear) struct buf all = BUF_INIT(SETTING_VALUE_MAX);
	size_t n_standing, n_new = 0;

	*n = 0;
	if (account_notices_read(out, &n_standing, box, err) < 0 ||
	    setting_get(&told, box, TOLD, err) < 0)
		return -1;
	for (size_t i = 0; i < n_standing; i++) {
		uint64_t id = out[i].notice.id;

		if (buf_append_fmt(&all, err, "%016llx ", (unsigned long long)id) < 0)
			return -1;
		if (!is_told(buf_str(&told), id))
			out[n_new++] = out[i];
	}
	if (n_standing == 0 && told.n == 0)
		return 0;
	if (!span_equal(buf_span(&told), buf_span(&all)) &&
	    (n_standing ? setting_set(box, TOLD, buf_span(&all), err)
			: setting_remove(box, TOLD, err)) < 0)
		return -1;
	*n = n_new;
	return 0;
}
