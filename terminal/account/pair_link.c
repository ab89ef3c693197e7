/* SPDX-License-Identifier: Apache-2.0 */
/* pair_link: see pair_link.h. */
#include "account/pair_link.h"

int
pair_link_init(struct pair_link *l, struct remote *remote, enum pair_role role,
	       const struct id16 *id, const struct secret *secret, const struct sign_key *dsk,
	       struct err *err)
{
	*l = (struct pair_link){ .remote = remote, .role = role, .id = *id };
	return pairing_new(&l->talk, role, id->b, secret, dsk, err);
}

void
pair_link_clear(struct pair_link *l)
{
	pairing_free(l->talk);
	*l = (struct pair_link){ 0 };
}

/* Words for what the server says of a pairing. */
static int
blame(const struct pair_link *l, struct err *err)
{
	if (remote_problem_is(l->remote, PROBLEM_PAIRING))
		err_set(err, ERR_REFUSED,
			"the pairing was ended on the other terminal, or its time is over");
	else if (remote_problem_is(l->remote, PROBLEM_EXISTS))
		err_set(err, ERR_EXISTS, "this code was used before, perhaps by another terminal");
	else
		return -1;
	return err_hint(err, "begin anew on the terminal that is in the account: cloudbox pair");
}

static int
send(struct pair_link *l, struct span sealed, struct err *err)
{
	if (remote_pair_say(l->remote, l->role, &l->id, (uint8_t)(l->n_said + 1), sealed, err) < 0)
		return blame(l, err);
	l->n_said++;
	return 0;
}

int
pair_link_greet(struct pair_link *l, struct err *err)
{
	AUTO(buf_clear) struct buf sealed = BUF_INIT(PAIRING_SEALED_BYTES_MAX);

	return pairing_greet(l->talk, &sealed, err) < 0 ? -1 : send(l, buf_span(&sealed), err);
}

int
pair_link_say(struct pair_link *l, const struct pairing_message *m, struct err *err)
{
	AUTO(buf_clear) struct buf sealed = BUF_INIT(PAIRING_SEALED_BYTES_MAX);

	return pairing_say(l->talk, &sealed, m, err) < 0 ? -1 : send(l, buf_span(&sealed), err);
}

static int
tell_no(enum pairing_why why, struct err *err)
{
	switch (why) {
	case PAIRING_WHY_PERSON:
		return err_set(err, ERR_CANCELLED, "at the other terminal somebody said no");
	case PAIRING_WHY_DEVICE:
		err_set(err, ERR_REFUSED,
			"the device that this terminal was about to become is shut out, or the "
			"account's keys have changed since");
		return err_hint(err, "begin anew on the other terminal, cloudbox pair: this one "
				     "becomes another device");
	case PAIRING_WHY_FAILED:
		break;
	}
	err_set(err, ERR_REFUSED, "it failed on the other terminal");
	return err_hint(err, "what went wrong stands there");
}

int
pair_link_hear(struct pair_link *l, uint32_t wait_ms, struct pairing_message *m, struct err *err)
{
	AUTO(buf_clear) struct buf sealed = BUF_INIT(WIRE_PAIR_MESSAGE_BYTES_MAX);

	if (remote_pair_hear(l->remote, l->role, &l->id, (uint8_t)(l->n_heard + 1), wait_ms,
			     &sealed, err) < 0)
		return blame(l, err);
	l->n_heard++;
	if (pairing_hear(l->talk, buf_span(&sealed), m, err) < 0) {
		err_wrap(err, "a message of the pairing was changed on its way");
		return err_hint(err, "the server, or somebody who saw the code, stands in between: "
				     "begin anew where nobody looks on, cloudbox pair");
	}
	return m->kind == PAIRING_NO ? tell_no(m->why, err) : 0;
}

void
pair_link_break(struct pair_link *l, enum pairing_why why)
{
	const struct pairing_message no = { .kind = PAIRING_NO, .why = why };
	struct err ignored;

	remote_watch(l->remote, NULL); /* whoever pressed Ctrl-C is to be heard on the other side */
	if (pairing_digits(l->talk)[0] && pair_link_say(l, &no, &ignored) == 0)
		return;
	remote_pair_say(l->remote, l->role, &l->id, 0, span_of(NULL, 0), &ignored);
}
