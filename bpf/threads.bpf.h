/* SPDX-License-Identifier: GPL-2.0-only */
/* What the threads of a process would do about a signal, and which of them still lives. */
#ifndef SIGTRACE_THREADS_BPF_H
#define SIGTRACE_THREADS_BPF_H

#include "kernel.bpf.h"
#include "maps.bpf.h"

#define THREADS_AT_ONCE 8
#define STEPS_AT_ONCE 8
#define THREADS_LOOKED_AT 256
#define FILES_AT_ONCE 8
#define FILES_LOOKED_AT 64

/* What was found, in the bits that a pointer to a node leaves free. */
#define TAKES 1UL
#define AWAITS 2UL
#define LIVES 4UL
#define FOUND 7UL

/*
 * Some nodes among a process's threads: what was found, and the node behind them; none once a thread would take the
 * signal, or all were looked at. Read by a helper a node is a number, which is all that a verified function
 * (path.bpf.h) takes and returns. Without branches, each of which would double the verifier's states.
 */
__noinline __u64 looked_at(__u64 node, __u32 number, __u64 end)
{
	__u64 found = 0, address, lives, open, waits;
	struct task_struct *task;

	for (int i = 0; i < THREADS_AT_ONCE; i++) {
		address = node - bpf_core_field_offset(struct task_struct, thread_node);
		task = typed(task_struct, address);
		lives = ~(READ(task, flags) / PF_EXITING) & 1;
		open = lives & ~(READ(task, blocked.sig[0]) >> (number - 1 & 63));
		waits = READ(task, real_blocked.sig[0]) >> (number - 1 & 63);
		found |= lives * LIVES | (open & waits) * AWAITS | (open & ~waits) * TAKES;
		if (found & TAKES)
			return found;
		node = (__u64)BPF_CORE_READ((struct task_struct *)address, thread_node.next);
		if (node == end)
			return found;
	}
	return node | found;
}

/* The same in so many steps: the verifier walks through a loop as often as it may run, and through a function once. */
__noinline __u64 looked_further(__u64 node, __u32 number, __u64 end)
{
	__u64 found = 0;

	for (int i = 0; i < STEPS_AT_ONCE; i++) {
		node = looked_at(node, number, end);
		found |= node & FOUND;
		node &= ~FOUND;
		if (!node)
			break;
	}
	return node | found;
}

/* Of all threads: complete_signal(), kernel/signal.c. The rest of the number is not 0 if not all were looked at. */
__noinline __u64 look_at_threads(__u64 leader, __u32 number)
{
	__u64 group = (__u64)BPF_CORE_READ((struct task_struct *)leader, signal);
	__u64 end = group + bpf_core_field_offset(struct signal_struct, thread_head);
	__u64 node = (__u64)BPF_CORE_READ((struct signal_struct *)group, thread_head.next);
	__u64 found = 0;

	for (int i = 0; i < THREADS_LOOKED_AT / THREADS_AT_ONCE / STEPS_AT_ONCE; i++) {
		node = looked_further(node, number, end);
		found |= node & FOUND;
		node &= ~FOUND;
		if (!node)
			break;
	}
	return node | found;
}

/* A thread of a process whose first one has ended, with the memory of all; 0 if none of the first few has. */
__noinline __u64 with_memory(__u64 leader)
{
	__u64 group = (__u64)BPF_CORE_READ((struct task_struct *)leader, signal);
	__u64 node = (__u64)BPF_CORE_READ((struct signal_struct *)group, thread_head.next);
	__u64 address;

	for (int i = 0; i < THREADS_AT_ONCE; i++) {
		address = node - bpf_core_field_offset(struct task_struct, thread_node);
		if (READ(typed(task_struct, address), mm))
			return address;
		node = (__u64)BPF_CORE_READ((struct task_struct *)address, thread_node.next);
	}
	return 0;
}

/*
 * Whether a file is a signalfd for this signal. Its private_data begins with the signals that it is not for:
 * struct signalfd_ctx, fs/signalfd.c.
 */
__noinline int is_signalfd_for(__u64 place, __u32 number)
{
	char name[sizeof("[signalfd]")] = {};
	struct file *file = NULL;
	__u64 others = ~0ULL;

	bpf_probe_read_kernel(&file, sizeof(file), (void *)place);
	if (!file)
		return 0;
	file = typed(file, file);
	bpf_probe_read_kernel_str(name, sizeof(name), READ(file, f_path.dentry, d_name.name));
	if (*(__u64 *)name != *(__u64 *)"[signalf" || name[8] != 'd' || name[9] != ']')
		return 0;
	bpf_probe_read_kernel(&others, sizeof(others), READ(file, private_data));
	return !(others >> (number - 1 & 63) & 1);
}

/* Whether one of a few files is, FILES of them from PLACE on: in steps, as threads are looked at. */
__noinline int is_signalfd_among(__u64 place, __u64 files, __u32 number)
{
	for (__u64 at = 0; at < FILES_AT_ONCE && at < files; at++)
		if (is_signalfd_for(place + at * sizeof(struct file *), number))
			return 1;
	return 0;
}

/* Whether somebody waits for signals by a signalfd, and one of the first files is a signalfd for this one. */
__noinline int is_read_by_file(__u64 address, __u32 number)
{
	struct task_struct *task = (struct task_struct *)address;
	struct sighand_struct *sighand = BPF_CORE_READ(task, sighand);
	__u64 head = (__u64)sighand + bpf_core_field_offset(struct sighand_struct, signalfd_wqh.head);
	struct fdtable *table;
	__u64 place, most;

	if ((__u64)BPF_CORE_READ(sighand, signalfd_wqh.head.next) == head)
		return 0;
	table = BPF_CORE_READ(task, files, fdt);
	most = BPF_CORE_READ(table, max_fds);
	place = (__u64)BPF_CORE_READ(table, fd);
	for (__u64 fd = 0; fd < FILES_LOOKED_AT && fd < most; fd += FILES_AT_ONCE)
		if (is_signalfd_among(place + fd * sizeof(struct file *), most - fd, number))
			return 1;
	return 0;
}

#endif
