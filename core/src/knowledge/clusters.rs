//! Short names of Kubernetes distributions and hosted clusters.

use super::data::entries;

/// Returns the name of a cluster product that a word of a path stands for: `values.aks.yaml`.
#[must_use]
pub fn cluster_product(word: &str) -> Option<&'static str> {
    let mut products = entries(include_str!("data/managed_clusters.txt"));
    products.find(|product| word.eq_ignore_ascii_case(product))
}

#[cfg(test)]
mod tests {
    use super::cluster_product;

    #[test]
    fn whole_words_name_a_product() {
        assert_eq!(cluster_product("AKS"), Some("aks"));
        assert_eq!(cluster_product("breaks"), None);
        assert_eq!(cluster_product("kind"), None);
    }
}
