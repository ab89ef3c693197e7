/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: alarms as text: the mail and the JSON that tell a recipient of them.
 *
 * Pure.  A message names an account and its devices by the first eight digits of their ids, and
 * moments; there is nothing else that a server could tell.  Addresses are checked again here: no byte of
 * one begins a new line of a head.
 */
#ifndef UPKEEP_MESSAGE_H
#define UPKEEP_MESSAGE_H

#include "base/buf.h"
#include "catalog/catalog.h"

#define MESSAGE_BYTES_MAX (64u << 10)

/* What is told at once; all of one account.  Borrowed. */
struct message {
	const struct catalog_delivery *deliveries;
	size_t n;
	const char *server;  /* its URL, as invitations name it */
	int64_t now_unix_ms; /* for Date */
};

/** "alarms@example.org": what an SMTP server and a head can take without quoting: ASCII letters, digits and
 *  a few signs, one '@', a domain of letters, digits, '.' and '-'.  ERR_USAGE. */
int mail_address_check(const char *text, struct err *err);

/** "https://HOST[:PORT]/...": visible ASCII.  ERR_USAGE. */
int webhook_check(const char *text, struct err *err);

/** Append the whole mail as it goes over the wire (RFC 5322), in the program's language.  The Message-ID
 *  follows from the deliveries: sent again, it is the same.  ERR_USAGE (an address), ERR_LIMIT. */
int message_mail(struct buf *out, const struct message *m, const char *from, const char *to,
		 struct err *err);

/** "silence", "drill", "quota", "fills", "hold": part of the contract. */
const char *alarm_kind_name(enum alarm_kind kind);

/** Append a JSON document: {"account", "server", "alarms": [{"id", "alarm", "kind", "event", "device",
 *  "since", "number", "at"}]}; docs/protocol. */
int message_json(struct buf *out, const struct message *m, struct err *err);

#endif
