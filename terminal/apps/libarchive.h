/* SPDX-License-Identifier: Apache-2.0 */
/* libarchive: what is called of it here, bound when first needed (base/module.h). */
#ifndef APPS_LIBARCHIVE_H
#define APPS_LIBARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#include "base/err.h"

struct libarchive {
	__typeof__(archive_write_new) *write_new;
	__typeof__(archive_write_free) *write_free;
	__typeof__(archive_write_set_format_pax_restricted) *write_set_format_pax_restricted;
	__typeof__(archive_write_set_options) *write_set_options;
	__typeof__(archive_write_set_bytes_per_block) *write_set_bytes_per_block;
	__typeof__(archive_write_open) *write_open;
	__typeof__(archive_write_header) *write_header;
	__typeof__(archive_write_data) *write_data;
	__typeof__(archive_write_finish_entry) *write_finish_entry;
	__typeof__(archive_write_close) *write_close;
	__typeof__(archive_read_new) *read_new;
	__typeof__(archive_read_free) *read_free;
	__typeof__(archive_read_support_format_zip) *read_support_format_zip;
	__typeof__(archive_read_set_options) *read_set_options;
	__typeof__(archive_read_set_callback_data) *read_set_callback_data;
	__typeof__(archive_read_set_read_callback) *read_set_read_callback;
	__typeof__(archive_read_set_seek_callback) *read_set_seek_callback;
	__typeof__(archive_read_open1) *read_open1;
	__typeof__(archive_read_next_header) *read_next_header;
	__typeof__(archive_read_data) *read_data;
	__typeof__(archive_entry_pathname) *entry_pathname;
	__typeof__(archive_entry_pathname_utf8) *entry_pathname_utf8;
	__typeof__(archive_set_error) *set_error;
	__typeof__(archive_errno) *get_errno;
	__typeof__(archive_error_string) *error_string;
	__typeof__(archive_entry_new) *entry_new;
	__typeof__(archive_entry_free) *entry_free;
	__typeof__(archive_entry_set_pathname) *entry_set_pathname;
	__typeof__(archive_entry_set_filetype) *entry_set_filetype;
	__typeof__(archive_entry_set_perm) *entry_set_perm;
	__typeof__(archive_entry_set_size) *entry_set_size;
	__typeof__(archive_entry_set_mtime) *entry_set_mtime;
};

/* All NULL before libarchive_need(). */
extern struct libarchive libarchive;

/** Load it.  ERR_UNSUPPORTED: it is not there. */
int libarchive_need(struct err *err);

#endif
