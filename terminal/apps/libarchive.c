/* SPDX-License-Identifier: Apache-2.0 */
/* libarchive: see libarchive.h. */
#include "apps/libarchive.h"

#include "base/module.h"

struct libarchive libarchive;

static const struct module_symbol symbols[] = {
	{ "archive_write_new", &libarchive.write_new },
	{ "archive_write_free", &libarchive.write_free },
	{ "archive_write_set_format_pax_restricted", &libarchive.write_set_format_pax_restricted },
	{ "archive_write_set_options", &libarchive.write_set_options },
	{ "archive_write_set_bytes_per_block", &libarchive.write_set_bytes_per_block },
	{ "archive_write_open", &libarchive.write_open },
	{ "archive_write_header", &libarchive.write_header },
	{ "archive_write_data", &libarchive.write_data },
	{ "archive_write_finish_entry", &libarchive.write_finish_entry },
	{ "archive_write_close", &libarchive.write_close },
	{ "archive_read_new", &libarchive.read_new },
	{ "archive_read_free", &libarchive.read_free },
	{ "archive_read_support_format_zip", &libarchive.read_support_format_zip },
	{ "archive_read_set_options", &libarchive.read_set_options },
	{ "archive_read_set_callback_data", &libarchive.read_set_callback_data },
	{ "archive_read_set_read_callback", &libarchive.read_set_read_callback },
	{ "archive_read_set_seek_callback", &libarchive.read_set_seek_callback },
	{ "archive_read_open1", &libarchive.read_open1 },
	{ "archive_read_next_header", &libarchive.read_next_header },
	{ "archive_read_data", &libarchive.read_data },
	{ "archive_entry_pathname", &libarchive.entry_pathname },
	{ "archive_entry_pathname_utf8", &libarchive.entry_pathname_utf8 },
	{ "archive_set_error", &libarchive.set_error },
	{ "archive_errno", &libarchive.get_errno },
	{ "archive_error_string", &libarchive.error_string },
	{ "archive_entry_new", &libarchive.entry_new },
	{ "archive_entry_free", &libarchive.entry_free },
	{ "archive_entry_set_pathname", &libarchive.entry_set_pathname },
	{ "archive_entry_set_filetype", &libarchive.entry_set_filetype },
	{ "archive_entry_set_perm", &libarchive.entry_set_perm },
	{ "archive_entry_set_size", &libarchive.entry_set_size },
	{ "archive_entry_set_mtime", &libarchive.entry_set_mtime },
};

static struct module module = MODULE_INIT("libarchive.so.13", "libarchive13", symbols);

int
libarchive_need(struct err *err)
{
	return module_need(&module, err);
}
