//! Reachability in a directed graph.

use rustc_hash::FxHashSet;

/// The edges of a directed graph: for each node its successors.
pub type Graph = Vec<Vec<usize>>;

/// An index of a graph that answers most questions about paths without a search.
///
/// The nodes of a cycle reach one another and count as one. What is left has no cycles, and one depth-first
/// search over it gives each component a number after those of all components that it reaches. The components
/// below it in the tree of the search have the numbers just before its own. Only for the components with still
/// smaller numbers does a question need a search.
#[derive(Debug, Default)]
pub struct Reach {
    /// The component of each node.
    component: Vec<usize>,
    /// Whether a component is a cycle, for each component.
    cyclic: Vec<bool>,
    /// The edges between components.
    successors: Graph,
    /// The place of each component in the order in which the search left it.
    left: Vec<usize>,
    /// The number of components that the search had left when it entered a component.
    left_before: Vec<usize>,
}

impl Reach {
    #[must_use]
    pub fn new(graph: &Graph) -> Reach {
        let component = components(graph);
        let mut cyclic = vec![false; graph.len()];
        let mut successors: Graph = vec![Vec::new(); graph.len()];
        for (node, edges) in graph.iter().enumerate() {
            let from = component[node];
            for to in edges.iter().map(|it| component[*it]) {
                if from == to {
                    cyclic[from] = true;
                } else {
                    successors[from].push(to);
                }
            }
        }
        let mut reach = Reach {
            component,
            cyclic,
            successors,
            left: vec![0; graph.len()],
            left_before: vec![0; graph.len()],
        };
        // From where no edge leads to, so that a chain is one path of the search from its first node.
        let is_led_to: FxHashSet<usize> = reach.successors.iter().flatten().copied().collect();
        let mut seen = vec![false; graph.len()];
        let mut count = 0;
        for start in (0..graph.len()).filter(|it| !is_led_to.contains(it)) {
            search(start, &reach.successors, &mut seen, |step, node| match step {
                Step::Enter => reach.left_before[node] = count,
                Step::Leave => {
                    reach.left[node] = count;
                    count += 1;
                }
            });
        }
        reach
    }

    /// Whether a path with at least one edge leads from one node to another.
    #[must_use]
    pub fn reaches(&self, from: usize, to: usize) -> bool {
        let (from, to) = (self.component[from], self.component[to]);
        if from == to {
            return self.cyclic[from];
        }
        let mut open = vec![from];
        let mut seen = FxHashSet::default();
        while let Some(at) = open.pop() {
            if self.is_below(at, to) {
                return true;
            }
            // What the search left before `to` does not lead there.
            let nearer = self.successors[at].iter().filter(|it| self.left[**it] >= self.left[to]);
            open.extend(nearer.filter(|it| seen.insert(**it)));
        }
        false
    }

    /// Whether a path may lead from one node to another; false only where there is none and the nodes differ.
    #[must_use]
    pub fn may_reach(&self, from: usize, to: usize) -> bool {
        self.left[self.component[from]] >= self.left[self.component[to]]
    }

    /// Whether the search came to one component by way of another.
    fn is_below(&self, at: usize, to: usize) -> bool {
        (self.left_before[at]..=self.left[at]).contains(&self.left[to])
    }
}

/// Returns the strongly connected component of each node, by Kosaraju's algorithm.
#[must_use]
pub fn components(graph: &Graph) -> Vec<usize> {
    let mut reversed: Graph = vec![Vec::new(); graph.len()];
    for (from, successors) in graph.iter().enumerate() {
        for to in successors {
            reversed[*to].push(from);
        }
    }
    let mut seen = vec![false; graph.len()];
    let mut finished = Vec::with_capacity(graph.len());
    for node in 0..graph.len() {
        search(node, graph, &mut seen, |step, node| {
            if step == Step::Leave {
                finished.push(node);
            }
        });
    }
    let mut seen = vec![false; graph.len()];
    let mut component = vec![0; graph.len()];
    for start in finished.into_iter().rev() {
        search(start, &reversed, &mut seen, |_, node| component[node] = start);
    }
    component
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Enter,
    Leave,
}

/// Searches the unseen nodes that can be reached from a node, depth first, and reports when it enters and
/// leaves each.
fn search(start: usize, graph: &Graph, seen: &mut [bool], mut report: impl FnMut(Step, usize)) {
    if std::mem::replace(&mut seen[start], true) {
        return;
    }
    report(Step::Enter, start);
    // Each node on the way, with the number of its successors that were looked at.
    let mut way = vec![(start, 0)];
    while let Some((node, looked_at)) = way.last_mut() {
        match graph[*node].get(*looked_at) {
            Some(&next) => {
                *looked_at += 1;
                if !std::mem::replace(&mut seen[next], true) {
                    report(Step::Enter, next);
                    way.push((next, 0));
                }
            }
            None => {
                report(Step::Leave, *node);
                way.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// Returns the nodes to which a path with at least one edge leads, by plain search.
    fn reached(graph: &Graph, from: usize) -> FxHashSet<usize> {
        let mut open = vec![from];
        let mut seen = FxHashSet::default();
        while let Some(at) = open.pop() {
            open.extend(graph[at].iter().filter(|next| seen.insert(**next)));
        }
        seen
    }

    #[test]
    fn the_index_answers_as_a_search_does() {
        // Every graph of three nodes, and larger ones by a fixed rule.
        let mut graphs: Vec<Graph> = (0..512usize)
            .map(|bits| {
                let edge = |from: usize, to: usize| bits >> (from * 3 + to) & 1 == 1;
                (0..3).map(|from| (0..3).filter(|to| edge(from, *to)).collect()).collect()
            })
            .collect();
        for seed in 1..200usize {
            let edge = |from: usize, to: usize| (from * 31 + to * 17 + seed * 7) % 11 < seed % 4;
            graphs.push((0..9).map(|from| (0..9).filter(|to| edge(from, *to)).collect()).collect());
            let forwards =
                |from: usize, to: usize| from < to && (from * seed + to).is_multiple_of(3);
            graphs.push(
                (0..9).map(|from| (0..9).filter(|to| forwards(from, *to)).collect()).collect(),
            );
        }
        for graph in &graphs {
            let reach = Reach::new(graph);
            for from in 0..graph.len() {
                let expected = reached(graph, from);
                for to in 0..graph.len() {
                    assert_eq!(reach.reaches(from, to), expected.contains(&to), "{graph:?}");
                    assert!(reach.may_reach(from, to) || !expected.contains(&to), "{graph:?}");
                }
            }
        }
    }
}
