/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control commands that are run, for a recorder: systemctl, kill, docker … Their names are in a map. A trace that starts
 * in a hurry (HURRIED, see kernel.bpf.h) is none.
 */
#ifndef SIGTRACE_COMMANDS_BPF_H
#define SIGTRACE_COMMANDS_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"
#include "process.bpf.h"

#ifndef HURRIED

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct linux_binprm {
	const char *filename; /* as it was given to execve(2): of a script, not its interpreter */
};

#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, COMMANDS);
	__type(key, char[COMM_SIZE]);
	__type(value, __u8);
} commands SEC(".maps");

static __always_inline bool is_init_script(struct linux_binprm *program)
{
	const char folder[] = "/etc/init.d/";
	char path[sizeof(folder)] = {};

	bpf_probe_read_kernel_str(path, sizeof(path), BPF_CORE_READ(program, filename));
	for (int i = 0; i < (int)sizeof(folder) - 1; i++)
		if (path[i] != folder[i])
			return false;
	return true;
}

/* exec has named the process after the file it was given, of a script after that: begin_new_exec(), fs/exec.c. */
TRACEPOINT(sched_process_exec)
int on_command(__u64 *ctx)
{
	char name[COMM_SIZE] = {};
	struct command_record *record;
	__u64 address = bpf_get_current_task();

	/* Known when it is loaded: the verifier then leaves all else out, for who asks for other programs of the object. */
	if (!config.commands)
		return 0;
	bpf_get_current_comm(name, sizeof(name));
	if (!bpf_map_lookup_elem(&commands, name) && !is_init_script((void *)ctx[2]))
		return 0;
	if (describe(address, true, ON_COMMAND, 0))
		count_loss(LOST_PROCESSES);
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_loss(LOST_COMMANDS);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->type = RECORD_COMMAND;
	record->pid = bpf_get_current_pid_tgid() >> 32;
	record->time = bpf_ktime_get_boot_ns();
	record->start = BPF_CORE_READ((struct task_struct *)address, group_leader, start_boottime);
	submit(record);
	return 0;
}

#endif
#endif
