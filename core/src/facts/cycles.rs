//! Cycles of `depends_on`.

use super::reach::{Graph, components};
use super::{Facts, Wait};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

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
