/* SPDX-License-Identifier: Apache-2.0 */
/* thread: see thread.h. */
#include "item/thread.h"

#include <stdlib.h>

#define THREAD_BYTES_MAX ((size_t)ITEM_BYTES_MAX)

static bool
is_nobody(struct span address)
{
	return address.n == 2 && address.p[0] == '-' && address.p[1] >= '1' && address.p[1] <= '9';
}

int
thread_address_key(struct buf *out, struct span address, const struct key_rules *rules,
		   struct err *err)
{
	if (is_nobody(address)) /* no minus sign is to be lost in them */
		return buf_append(out, address, err);
	return address.n && memchr(address.p, '@', address.n) ? key_email(out, address, err)
							      : key_tel(out, address, rules, err);
}

static int
by_bytes(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return span_compare(*x, *y);
}

/* Where a member of a list ends. */
static size_t
member_end(struct span list)
{
	size_t n = 0;

	while (n < list.n && list.p[n] != '~' && list.p[n] != ',')
		n++;
	return n;
}

/* The keys of all members, joined in @keys; @ends[i] is where the i-th ends. */
static int
collect_keys(struct buf *keys, size_t ends[static THREAD_MEMBERS_MAX], size_t *n, struct span list,
	     const struct key_rules *rules, struct err *err)
{
	while (list.n) {
		size_t end = member_end(list), before = keys->n;

		if (*n == THREAD_MEMBERS_MAX)
			return err_set(err, ERR_LIMIT, "a thread of more than %d parties",
				       THREAD_MEMBERS_MAX);
		if (thread_address_key(keys, span_of(list.p, end), rules, err) < 0)
			return -1;
		if (keys->n > before)
			ends[(*n)++] = keys->n;
		list = span_skip(list, end < list.n ? end + 1 : end);
	}
	return 0;
}

int
thread_of(struct buf *out, struct span addresses, const struct key_rules *rules, struct err *err)
{
	AUTO(buf_clear) struct buf keys = BUF_INIT(THREAD_BYTES_MAX);
	size_t ends[THREAD_MEMBERS_MAX], n = 0;
	struct span members[THREAD_MEMBERS_MAX];

	if (collect_keys(&keys, ends, &n, addresses, rules, err) < 0)
		return -1;
	for (size_t i = 0, at = 0; i < n; at = ends[i++])
		members[i] = span_of(keys.p + at, ends[i] - at);
	if (n > 1)
		qsort(members, n, sizeof *members, by_bytes);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && span_equal(members[i - 1], members[i]))
			continue;
		if ((i > 0 && buf_append_byte(out, '~', err) < 0) ||
		    buf_append(out, members[i], err) < 0)
			return -1;
	}
	return 0;
}

int
item_thread(struct buf *thread, struct buf *party, const struct item *it, struct err *err)
{
	size_t thread_n = thread->n, party_n = party->n;
	struct err why = { 0 };

	if (!it->form->thread || it->form->thread(thread, party, it, &why) == 0)
		return 0;
	if (why.code != ERR_LIMIT)
		return *err = why, -1;
	thread->n = thread_n;
	party->n = party_n;
	return 0;
}

static bool
has_letters(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 0x80 || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
		    (s.p[i] >= 'a' && s.p[i] <= 'z'))
			return true;
	return false;
}

int
thread_wish_init(struct thread_wish *out, struct span typed, const struct key_rules *rules,
		 struct err *err)
{
	*out = (struct thread_wish){
		.numbers = BUF_INIT(THREAD_BYTES_MAX),
		.name = BUF_INIT(THREAD_BYTES_MAX),
		.is_name = has_letters(typed),
		.rules = rules,
	};
	if (thread_of(&out->numbers, typed, rules, err) < 0)
		return -1;
	return out->is_name ? key_name(&out->name, typed, err) : 0;
}

void
thread_wish_clear(struct thread_wish *w)
{
	buf_clear(&w->numbers);
	buf_clear(&w->name);
}

int
thread_wish_fits(const struct thread_wish *w, struct span thread, struct span party,
		 struct err *err)
{
	AUTO(buf_clear) struct buf key = BUF_INIT(THREAD_BYTES_MAX);

	if (thread.n == 0)
		return 0;
	if (thread_of(&key, thread, w->rules, err) < 0)
		return -1;
	if (key.n && span_equal(buf_span(&key), buf_span(&w->numbers)))
		return 1;
	buf_reset(&key);
	if (!w->name.n || !party.n)
		return 0;
	if (key_name(&key, party, err) < 0)
		return -1;
	return span_equal(buf_span(&key), buf_span(&w->name));
}
