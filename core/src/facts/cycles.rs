//! Cycles of `depends_on`.

use super::{Facts, Wait};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// The edges of a directed graph: for each node its successors.
type Graph = Vec<Vec<usize>>;

impl<'a> Facts<'a> {
    /// Returns each cycle of `depends_on` once, as the waits that form it, the first service of the
    /// files first.
    pub fn dependency_cycles(&self) -> Vec<Vec<Wait<'_, 'a>>> {
        let mut graph: Graph = vec![Vec::new(); self.services.len()];
        for wait in self.waits() {
            graph[wait.from.index].push(wait.on.index);
        }
        let component = components(&graph);
        let mut waits_from = vec![Vec::new(); self.services.len()];
        for wait in self.waits() {
            // An edge between two components is part of no cycle.
            if component[wait.from.index] == component[wait.on.index] {
                waits_from[wait.from.index].push(wait);
            }
        }
        let mut is_told = vec![false; self.services.len()];
        let mut cycles = Vec::new();
        for start in 0..self.services.len() {
            if is_told[start] {
                continue;
            }
            if let Some(cycle) = shortest_cycle(start, &waits_from, &is_told) {
                for wait in &cycle {
                    is_told[wait.from.index] = true;
                }
                cycles.push(cycle);
            }
        }
        cycles
    }
}

/// Returns the shortest cycle through a service that touches none of an earlier cycle.
fn shortest_cycle<'f, 'a>(
    start: usize,
    waits_from: &[Vec<Wait<'f, 'a>>],
    is_told: &[bool],
) -> Option<Vec<Wait<'f, 'a>>> {
    // The wait through which a breadth-first search came to a service first.
    let mut came_by: FxHashMap<usize, Wait<'f, 'a>> = FxHashMap::default();
    let mut open = VecDeque::from([start]);
    while !came_by.contains_key(&start) {
        let at = open.pop_front()?;
        for wait in &waits_from[at] {
            let next = wait.on.index;
            if !is_told[next] && !came_by.contains_key(&next) {
                came_by.insert(next, *wait);
                open.push_back(next);
            }
        }
    }
    let mut cycle = Vec::new();
    let mut at = start;
    loop {
        let wait = *came_by.get(&at)?;
        cycle.push(wait);
        at = wait.from.index;
        if at == start {
            cycle.reverse();
            return Some(cycle);
        }
    }
}

/// Returns the strongly connected component of each node, by Kosaraju's algorithm.
fn components(graph: &Graph) -> Vec<usize> {
    let mut reversed: Graph = vec![Vec::new(); graph.len()];
    for (from, successors) in graph.iter().enumerate() {
        for to in successors {
            reversed[*to].push(from);
        }
    }
    let mut seen = vec![false; graph.len()];
    let mut finished = Vec::with_capacity(graph.len());
    for node in 0..graph.len() {
        finished.extend(finish_order(node, graph, &mut seen));
    }
    let mut seen = vec![false; graph.len()];
    let mut component = vec![0; graph.len()];
    for node in finished.into_iter().rev() {
        for member in finish_order(node, &reversed, &mut seen) {
            component[member] = node;
        }
    }
    component
}

/// Returns the unseen nodes that can be reached from a node, in the order in which a depth-first search
/// leaves them.
fn finish_order(start: usize, graph: &Graph, seen: &mut [bool]) -> Vec<usize> {
    let mut finished = Vec::new();
    if std::mem::replace(&mut seen[start], true) {
        return finished;
    }
    // Each node on the way, with the number of its successors that were looked at.
    let mut way = vec![(start, 0)];
    while let Some((node, looked_at)) = way.last_mut() {
        match graph[*node].get(*looked_at) {
            Some(&next) => {
                *looked_at += 1;
                if !std::mem::replace(&mut seen[next], true) {
                    way.push((next, 0));
                }
            }
            None => {
                finished.push(*node);
                way.pop();
            }
        }
    }
    finished
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn components_are_the_nodes_that_reach_one_another() {
        // 0 -> 1 <-> 2 -> 3 -> 3, 4 alone.
        let graph = vec![vec![1], vec![2], vec![1, 3], vec![3], vec![]];
        let found = components(&graph);
        assert_eq!(found[1], found[2]);
        let mut distinct = found.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 4);
    }
}
