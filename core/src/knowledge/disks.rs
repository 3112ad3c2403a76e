//! Disks that only one node at a time can write.

use super::data::entries;

/// Returns the name of the disk that a CSI driver, a provisioner or the key of a volume stands for, if
/// it can be attached to one node at a time.
#[must_use]
pub fn single_attach_disk(driver: &str) -> Option<&'static str> {
    let mut rows = entries(include_str!("data/single_attach_disks.txt"));
    rows.find_map(|row| row.split_once(' ').filter(|(key, _)| *key == driver).map(|it| it.1))
}

#[cfg(test)]
mod tests {
    use super::single_attach_disk;

    #[test]
    fn cloud_disks_and_shared_file_systems() {
        assert_eq!(single_attach_disk("ebs.csi.aws.com"), Some("Amazon EBS volume"));
        assert_eq!(single_attach_disk("gcePersistentDisk"), Some("Google persistent disk"));
        assert_eq!(single_attach_disk("efs.csi.aws.com"), None);
        assert_eq!(single_attach_disk("nfs"), None);
    }
}
