/* SPDX-License-Identifier: Apache-2.0 */
/* chatty_internal: what the files of the adapter `chatty` share; see chatty.c. */
#ifndef APPS_CHATTY_INTERNAL_H
#define APPS_CHATTY_INTERNAL_H

#include "apps/db_rows.h"
#include "apps/row_app.h"

#define CHATTY_PARTS_MAX 1000
#define CHATTY_UUID      37 /* 36 characters and NUL */

/* chatty_message.c: a message as Chatty keeps it, from and to an element of SMS Backup & Restore. */

struct chatty_part {
	struct buf type; /* "image/jpeg" */
	struct buf name; /* a file's name for people, or empty */
	struct buf data;
	bool is_text; /* the element's `text`, not its `data` */
	int64_t file; /* Chatty's number for it; 0: it has none yet */
	bool ours;    /* the file is one that we wrote */
};

/* As Android counts (Telephony.TextBasedSmsColumns). */
enum chatty_box {
	CHATTY_IN = 1,
	CHATTY_OUT = 2,
	CHATTY_DRAFT = 3,
	CHATTY_FAILED = 5,
};

struct chatty_message {
	bool is_mms;
	struct buf numbers; /* with whom: joined by '~' */
	struct buf sender;  /* of an MMS that came in: one of them */
	int64_t at_unix_s;
	enum chatty_box box;
	struct buf body, subject;
	struct buf id;             /* of an MMS: the network's, or empty */
	struct chatty_part *parts; /* owned */
	size_t n_parts, cap_parts;
};

#define CHATTY_MESSAGE_INIT                                                                        \
	{                                                                                          \
		.numbers = BUF_INIT(1 << 20), .sender = BUF_INIT(1 << 20),                         \
		.body = BUF_INIT(ITEM_BYTES_MAX), .subject = BUF_INIT(1 << 20),                    \
		.id = BUF_INIT(1 << 20)                                                            \
	}

void chatty_message_clear(struct chatty_message *m);
AUTO_OBJ(chatty_message_clear, struct chatty_message);

/** 0; ROW_REFUSED: Chatty has no place for it; or -1. */
int chatty_message_parse(struct chatty_message *m, struct span bytes, struct err *err);
/** Append it as <sms> or <mms>. */
int chatty_message_print(struct buf *out, const struct chatty_message *m, struct err *err);

/** Another part, empty; it lives in @m. */
int chatty_part_add(struct chatty_part **out, struct chatty_message *m, struct err *err);
bool chatty_part_equal(const struct chatty_part *a, const struct chatty_part *b);

/* chatty.c */

struct chatty {
	struct db_rows rows;
	char *data;     /* owned: $XDG_DATA_HOME/chatty, absolute */
	bool has_files; /* this transaction wrote some */
	bool removed;   /* or took some out of the database */
	bool emptied;   /* it has a temporary table of conversations that lost a message */
};

/** The message @number as it is now.  0, APP_MOVED or -1. */
int chatty_load(struct chatty_message *m, struct chatty *c, int64_t number, struct err *err);

/* chatty_files.c: the parts of MMS, files below mms/. */

/** The bytes of a part, @path relative to c->data.  0, APP_MOVED (it is not there) or -1. */
int chatty_file_read(struct buf *out, const struct chatty *c, const char *path, struct err *err);
/** Write a part of the message @folder (a UUID), durably, under a name that is free: @path receives where
 *  it lies below c->data, @url its URL. */
int chatty_file_write(struct buf *path, struct buf *url, struct chatty *c, const char *folder,
		      const struct chatty_part *part, struct err *err);
/** Did we write it as the element's text, or data?  0: text, 1: data, 2: it is not ours. */
int chatty_file_kind(const char *path);
/** Remove those of ours that the database does not know. */
int chatty_files_tidy(struct chatty *c, struct err *err);

/* chatty_write.c: members of the row_kind. */

int chatty_begin(void *store, struct err *err);
int chatty_add(void *store, struct span bytes, int64_t *number, struct err *err);
int chatty_replace(void *store, int64_t number, struct span bytes, struct err *err);
int chatty_remove(void *store, int64_t number, struct err *err);
int chatty_commit(void *store, struct err *err);
void chatty_rollback(void *store);
int chatty_tidy(void *store, struct err *err);

extern const struct item_profile chatty_profile;

#endif
