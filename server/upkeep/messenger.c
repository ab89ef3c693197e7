/* SPDX-License-Identifier: Apache-2.0 */
/* messenger: see messenger.h. */
#include "upkeep/messenger.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "api/journal.h"
#include "base/array.h"
#include "os/os.h"
#include "upkeep/message.h"

#define QUEUE_MAX (1u << 20)

struct messenger {
	struct messenger_options options;
	pthread_t thread;
	bool has_thread;
	_Atomic bool stop;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	bool poked;
	struct messenger_counts counts;
};

/* --- what is due --- */

struct queue {
	struct catalog_delivery *at; /* owned */
	size_t n, cap;
	int64_t now_ms; /* retention clock */
};

static void
queue_clear(struct queue *q)
{
	free(q->at);
}
AUTO_OBJ(queue_clear, struct queue);

static int
take(void *ctx, const struct catalog_delivery *d, struct err *err)
{
	struct queue *q = ctx;

	if (array_reserve((void **)&q->at, &q->cap, q->n + 1, sizeof *q->at, QUEUE_MAX, err) < 0)
		return -1;
	q->at[q->n++] = *d;
	return 0;
}

static int
queue_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct queue *q = ctx;

	q->n = 0;
	q->now_ms = tx->ops->clock(tx);
	return tx->ops->deliveries(tx, q->now_ms, take, q, err);
}

/* What is due for one account by one way: a run of the queue. */
struct letter {
	const struct catalog_delivery *at;
	size_t n;
	int64_t now_ms;
	enum { LETTER_SENT, LETTER_FAILED, LETTER_UNWANTED } outcome;
	struct catalog_recipient recipient;
	uint64_t given_up;
};

static int
recipient_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct letter *l = ctx;

	return tx->ops->recipient_get(tx, &l->recipient, &l->at->alarm.account, err);
}

/* Whether the last message to the account is so new that this one waits for more to be told.  A clock
 * that a crash set back by a minute makes it wait a minute longer. */
static bool
is_too_soon(const struct letter *l)
{
	int64_t last_ms, wait_ms;

	if (l->at->channel == ALARM_BY_MAIL) {
		last_ms = l->recipient.mailed_ms;
		wait_ms = MESSENGER_MAIL_MS;
	} else {
		last_ms = l->recipient.posted_ms;
		wait_ms = MESSENGER_WEBHOOK_MS;
	}
	return last_ms > 0 && l->now_ms < last_ms + wait_ms;
}

/* --- what became of it --- */

static int64_t
wait_after(uint32_t tries)
{
	static const int64_t waits[] = MESSENGER_WAITS;
	size_t n = sizeof waits / sizeof *waits;

	return waits[tries < n ? tries : n - 1];
}

static int
settle_failed(struct letter *l, struct catalog_tx *tx, const struct catalog_delivery *d,
	      struct err *err)
{
	if (l->now_ms - d->since_ms >= MESSENGER_GIVE_UP_MS) {
		l->given_up++;
		return tx->ops->delivery_remove(tx, d->id, err);
	}
	return tx->ops->delivery_put(tx, d->id, d->tries + 1, l->now_ms + wait_after(d->tries),
				     err);
}

/* The recipient's row is read anew: the operator may have changed it meanwhile. */
static int
note_sent(struct letter *l, struct catalog_tx *tx, struct err *err)
{
	struct catalog_recipient r;
	int rc = tx->ops->recipient_get(tx, &r, &l->at->alarm.account, err);
	int64_t now_ms = tx->ops->clock(tx);

	if (rc)
		return rc < 0 ? -1 : 0;
	if (l->at->channel == ALARM_BY_MAIL)
		r.mailed_ms = now_ms > 0 ? now_ms : 1;
	else
		r.posted_ms = now_ms > 0 ? now_ms : 1;
	return tx->ops->recipient_put(tx, &r, err);
}

static int
settle_run(struct catalog_tx *tx, void *ctx, struct err *err)
{
	struct letter *l = ctx;

	l->given_up = 0;
	for (size_t i = 0; i < l->n; i++)
		if ((l->outcome == LETTER_FAILED
			     ? settle_failed(l, tx, &l->at[i], err)
			     : tx->ops->delivery_remove(tx, l->at[i].id, err)) < 0)
			return -1;
	return l->outcome == LETTER_SENT ? note_sent(l, tx, err) : 0;
}

/* --- sending --- */

static int
send_mail(struct messenger *m, const struct letter *l, const struct message *message,
	  struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(2 * MESSAGE_BYTES_MAX);
	const struct post_options *o = &m->options.post;

	if (!o->mail_server)
		return err_set(err, ERR_UNSUPPORTED, "this server has no --mail-server");
	if (message_mail(&text, message, o->mail_from, l->recipient.mail, err) < 0)
		return -1;
	return post_mail(o, l->recipient.mail, buf_span(&text), &m->stop, err);
}

static int
send_webhook(struct messenger *m, const struct letter *l, const struct message *message,
	     struct err *err)
{
	AUTO(buf_clear) struct buf json = BUF_INIT(MESSAGE_BYTES_MAX);

	if (message_json(&json, message, err) < 0)
		return -1;
	return post_webhook(&m->options.post, l->recipient.webhook, buf_span(&json), &m->stop, err);
}

static void
count(struct messenger *m, const struct letter *l)
{
	pthread_mutex_lock(&m->lock);
	if (l->outcome == LETTER_SENT && l->at->channel == ALARM_BY_MAIL)
		m->counts.mails++;
	else if (l->outcome == LETTER_SENT)
		m->counts.webhooks++;
	else if (l->outcome == LETTER_FAILED)
		m->counts.failed++;
	m->counts.given_up += l->given_up;
	pthread_mutex_unlock(&m->lock);
}

static void
settle(struct messenger *m, struct letter *l)
{
	struct err err = { 0 };

	if (catalog_write(m->options.catalog, settle_run, l, &err) < 0)
		journal("alarms: account %s: %s", id16_hex(&l->at->alarm.account).s, err.msg);
	count(m, l);
	if (l->given_up)
		journal("alarms: account %s: given up after three days, by %s: %llu",
			id16_hex(&l->at->alarm.account).s,
			l->at->channel == ALARM_BY_MAIL ? "mail" : "webhook",
			(unsigned long long)l->given_up);
}

/* One message, and what became of it.  Not sent, and nothing changed, where it is too soon. */
static void
deliver(struct messenger *m, struct letter *l)
{
	const struct message message = {
		.deliveries = l->at,
		.n = l->n,
		.server = m->options.server,
		.now_unix_ms = os->now_unix_ms(),
	};
	bool by_mail = l->at->channel == ALARM_BY_MAIL;
	struct err err = { 0 };
	int rc = catalog_read(m->options.catalog, recipient_run, l, &err);

	if (rc < 0) {
		journal("alarms: account %s: %s", id16_hex(&l->at->alarm.account).s, err.msg);
		return;
	}
	if (rc == CATALOG_ABSENT || !*(by_mail ? l->recipient.mail : l->recipient.webhook)) {
		l->outcome = LETTER_UNWANTED; /* nobody wants it any more */
		settle(m, l);
		return;
	}
	if (is_too_soon(l))
		return;
	rc = (by_mail ? send_mail : send_webhook)(m, l, &message, &err);
	if (m->stop && rc < 0)
		return; /* as if it had not been tried */
	l->outcome = rc < 0 ? LETTER_FAILED : LETTER_SENT;
	if (rc < 0)
		journal("alarms: account %s: not told by %s, to be tried again: %s",
			id16_hex(&l->at->alarm.account).s, by_mail ? "mail" : "webhook", err.msg);
	settle(m, l);
}

static bool
goes_with(const struct catalog_delivery *a, const struct catalog_delivery *b)
{
	return a->channel == b->channel && id16_equal(&a->alarm.account, &b->alarm.account);
}

static void
deliver_all(struct messenger *m)
{
	AUTO(queue_clear) struct queue q = { 0 };
	struct err err = { 0 };

	if (catalog_read(m->options.catalog, queue_run, &q, &err) < 0) {
		journal("alarms: %s", err.msg);
		return;
	}
	for (size_t i = 0, n; i < q.n && !m->stop; i += n) {
		for (n = 1; i + n < q.n && goes_with(&q.at[i], &q.at[i + n]);)
			n++;
		struct letter l = { .at = &q.at[i], .n = n, .now_ms = q.now_ms };
		deliver(m, &l);
	}
}

/* --- the thread --- */

/* Until somebody pokes, a tick's time has passed, or it is to stop. */
static void
wait_for_work(struct messenger *m)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += m->options.tick_ms / 1000;
	until.tv_nsec += m->options.tick_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&m->lock);
	while (!m->stop && !m->poked && pthread_cond_timedwait(&m->changed, &m->lock, &until) == 0)
		;
	m->poked = false;
	pthread_mutex_unlock(&m->lock);
}

static void *
messenger_main(void *arg)
{
	struct messenger *m = arg;

	while (!m->stop) {
		deliver_all(m);
		wait_for_work(m);
	}
	return NULL;
}

int
messenger_start(struct messenger **out, const struct messenger_options *options, struct err *err)
{
	struct messenger *m = calloc(1, sizeof *m);
	pthread_condattr_t attr;

	if (!m)
		return err_nomem(err);
	m->options = *options;
	if (!m->options.tick_ms)
		m->options.tick_ms = MESSENGER_TICK_MS;
	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&m->changed, &attr);
	pthread_condattr_destroy(&attr);
	int error = pthread_create(&m->thread, NULL, messenger_main, m);
	m->has_thread = error == 0;
	if (error) {
		messenger_stop(m);
		return err_sys(err, error, "cannot start the messenger");
	}
	*out = m;
	return 0;
}

void
messenger_poke(struct messenger *m)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->poked = true;
	pthread_cond_signal(&m->changed);
	pthread_mutex_unlock(&m->lock);
}

void
messenger_stop(struct messenger *m)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->stop = true;
	pthread_cond_signal(&m->changed);
	pthread_mutex_unlock(&m->lock);
	if (m->has_thread)
		pthread_join(m->thread, NULL);
	pthread_cond_destroy(&m->changed);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void
messenger_counts(struct messenger *m, struct messenger_counts *out)
{
	pthread_mutex_lock(&m->lock);
	*out = m->counts;
	pthread_mutex_unlock(&m->lock);
}
