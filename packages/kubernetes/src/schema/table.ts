// Written by scripts/generate-api-types.ts; do not edit.
import type { TypeSchema } from "./type-schema.ts";

export const schemaTable: Readonly<Record<string, TypeSchema>> = {
 "apps/v1.ControllerRevision": {
  "required": [
   "revision"
  ],
  "fields": {
   "apiVersion": "string",
   "data": "any",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "revision": "int64"
  }
 },
 "apps/v1.ControllerRevisionList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]apps/v1.ControllerRevision",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "apps/v1.DaemonSet": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "apps/v1.DaemonSetSpec",
   "status": "apps/v1.DaemonSetStatus"
  }
 },
 "apps/v1.DaemonSetCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastTransitionTime": "time",
   "message": "string",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "apps/v1.DaemonSetList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]apps/v1.DaemonSet",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "apps/v1.DaemonSetSpec": {
  "required": [
   "selector",
   "template"
  ],
  "fields": {
   "minReadySeconds": "int32",
   "revisionHistoryLimit": "int32",
   "selector": "meta/v1.LabelSelector",
   "template": "core/v1.PodTemplateSpec",
   "updateStrategy": "apps/v1.DaemonSetUpdateStrategy"
  }
 },
 "apps/v1.DaemonSetStatus": {
  "required": [
   "currentNumberScheduled",
   "numberMisscheduled",
   "desiredNumberScheduled",
   "numberReady"
  ],
  "fields": {
   "collisionCount": "int32",
   "conditions": {
    "kind": "[]apps/v1.DaemonSetCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "currentNumberScheduled": "int32",
   "desiredNumberScheduled": "int32",
   "numberAvailable": "int32",
   "numberMisscheduled": "int32",
   "numberReady": "int32",
   "numberUnavailable": "int32",
   "observedGeneration": "int64",
   "updatedNumberScheduled": "int32"
  }
 },
 "apps/v1.DaemonSetUpdateStrategy": {
  "fields": {
   "rollingUpdate": "apps/v1.RollingUpdateDaemonSet",
   "type": "string"
  }
 },
 "apps/v1.Deployment": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "apps/v1.DeploymentSpec",
   "status": "apps/v1.DeploymentStatus"
  }
 },
 "apps/v1.DeploymentCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastTransitionTime": "time",
   "lastUpdateTime": "time",
   "message": "string",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "apps/v1.DeploymentList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]apps/v1.Deployment",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "apps/v1.DeploymentSpec": {
  "required": [
   "selector",
   "template"
  ],
  "fields": {
   "minReadySeconds": "int32",
   "paused": "boolean",
   "progressDeadlineSeconds": "int32",
   "replicas": "int32",
   "revisionHistoryLimit": "int32",
   "selector": "meta/v1.LabelSelector",
   "strategy": {
    "kind": "apps/v1.DeploymentStrategy",
    "strategy": "retainKeys"
   },
   "template": "core/v1.PodTemplateSpec"
  }
 },
 "apps/v1.DeploymentStatus": {
  "fields": {
   "availableReplicas": "int32",
   "collisionCount": "int32",
   "conditions": {
    "kind": "[]apps/v1.DeploymentCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "observedGeneration": "int64",
   "readyReplicas": "int32",
   "replicas": "int32",
   "terminatingReplicas": "int32",
   "unavailableReplicas": "int32",
   "updatedReplicas": "int32"
  }
 },
 "apps/v1.DeploymentStrategy": {
  "fields": {
   "rollingUpdate": "apps/v1.RollingUpdateDeployment",
   "type": "string"
  }
 },
 "apps/v1.ReplicaSet": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "apps/v1.ReplicaSetSpec",
   "status": "apps/v1.ReplicaSetStatus"
  }
 },
 "apps/v1.ReplicaSetCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastTransitionTime": "time",
   "message": "string",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "apps/v1.ReplicaSetList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]apps/v1.ReplicaSet",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "apps/v1.ReplicaSetSpec": {
  "required": [
   "selector"
  ],
  "fields": {
   "minReadySeconds": "int32",
   "replicas": "int32",
   "selector": "meta/v1.LabelSelector",
   "template": "core/v1.PodTemplateSpec"
  }
 },
 "apps/v1.ReplicaSetStatus": {
  "required": [
   "replicas"
  ],
  "fields": {
   "availableReplicas": "int32",
   "conditions": {
    "kind": "[]apps/v1.ReplicaSetCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "fullyLabeledReplicas": "int32",
   "observedGeneration": "int64",
   "readyReplicas": "int32",
   "replicas": "int32",
   "terminatingReplicas": "int32"
  }
 },
 "apps/v1.RollingUpdateDaemonSet": {
  "fields": {
   "maxSurge": "intOrString",
   "maxUnavailable": "intOrString"
  }
 },
 "apps/v1.RollingUpdateDeployment": {
  "fields": {
   "maxSurge": "intOrString",
   "maxUnavailable": "intOrString"
  }
 },
 "apps/v1.RollingUpdateStatefulSetStrategy": {
  "fields": {
   "maxUnavailable": "intOrString",
   "partition": "int32"
  }
 },
 "apps/v1.StatefulSet": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "apps/v1.StatefulSetSpec",
   "status": "apps/v1.StatefulSetStatus"
  }
 },
 "apps/v1.StatefulSetCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastTransitionTime": "time",
   "message": "string",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "apps/v1.StatefulSetList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]apps/v1.StatefulSet",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "apps/v1.StatefulSetOrdinals": {
  "fields": {
   "start": "int32"
  }
 },
 "apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy": {
  "fields": {
   "whenDeleted": "string",
   "whenScaled": "string"
  }
 },
 "apps/v1.StatefulSetSpec": {
  "required": [
   "selector",
   "template"
  ],
  "fields": {
   "minReadySeconds": "int32",
   "ordinals": "apps/v1.StatefulSetOrdinals",
   "persistentVolumeClaimRetentionPolicy": "apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy",
   "podManagementPolicy": "string",
   "replicas": "int32",
   "revisionHistoryLimit": "int32",
   "selector": "meta/v1.LabelSelector",
   "serviceName": "string",
   "template": "core/v1.PodTemplateSpec",
   "updateStrategy": "apps/v1.StatefulSetUpdateStrategy",
   "volumeClaimTemplates": {
    "kind": "[]core/v1.PersistentVolumeClaim",
    "listType": "atomic"
   }
  }
 },
 "apps/v1.StatefulSetStatus": {
  "required": [
   "replicas"
  ],
  "fields": {
   "availableReplicas": "int32",
   "collisionCount": "int32",
   "conditions": {
    "kind": "[]apps/v1.StatefulSetCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "currentReplicas": "int32",
   "currentRevision": "string",
   "observedGeneration": "int64",
   "readyReplicas": "int32",
   "replicas": "int32",
   "updateRevision": "string",
   "updatedReplicas": "int32"
  }
 },
 "apps/v1.StatefulSetUpdateStrategy": {
  "fields": {
   "rollingUpdate": "apps/v1.RollingUpdateStatefulSetStrategy",
   "type": "string"
  }
 },
 "authentication/v1.SelfSubjectReview": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "status": "authentication/v1.SelfSubjectReviewStatus"
  }
 },
 "authentication/v1.SelfSubjectReviewStatus": {
  "fields": {
   "userInfo": "authentication/v1.UserInfo"
  }
 },
 "authentication/v1.TokenReview": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "authentication/v1.TokenReviewSpec",
   "status": "authentication/v1.TokenReviewStatus"
  }
 },
 "authentication/v1.TokenReviewSpec": {
  "required": [
   "token"
  ],
  "fields": {
   "audiences": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "token": "string"
  }
 },
 "authentication/v1.TokenReviewStatus": {
  "fields": {
   "audiences": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "authenticated": "boolean",
   "error": "string",
   "user": "authentication/v1.UserInfo"
  }
 },
 "authentication/v1.UserInfo": {
  "fields": {
   "extra": "{}[]string",
   "groups": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "uid": "string",
   "username": "string"
  }
 },
 "authorization/v1.FieldSelectorAttributes": {
  "fields": {
   "rawSelector": "string",
   "requirements": {
    "kind": "[]meta/v1.FieldSelectorRequirement",
    "listType": "atomic"
   }
  }
 },
 "authorization/v1.LabelSelectorAttributes": {
  "fields": {
   "rawSelector": "string",
   "requirements": {
    "kind": "[]meta/v1.LabelSelectorRequirement",
    "listType": "atomic"
   }
  }
 },
 "authorization/v1.LocalSubjectAccessReview": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "authorization/v1.SubjectAccessReviewSpec",
   "status": "authorization/v1.SubjectAccessReviewStatus"
  }
 },
 "authorization/v1.NonResourceAttributes": {
  "fields": {
   "path": "string",
   "verb": "string"
  }
 },
 "authorization/v1.NonResourceRule": {
  "required": [
   "verbs"
  ],
  "fields": {
   "nonResourceURLs": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "verbs": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "authorization/v1.ResourceAttributes": {
  "fields": {
   "fieldSelector": "authorization/v1.FieldSelectorAttributes",
   "group": "string",
   "labelSelector": "authorization/v1.LabelSelectorAttributes",
   "name": "string",
   "namespace": "string",
   "resource": "string",
   "subresource": "string",
   "verb": "string",
   "version": "string"
  }
 },
 "authorization/v1.ResourceRule": {
  "required": [
   "verbs"
  ],
  "fields": {
   "apiGroups": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "resourceNames": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "resources": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "verbs": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "authorization/v1.SelfSubjectAccessReview": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "authorization/v1.SelfSubjectAccessReviewSpec",
   "status": "authorization/v1.SubjectAccessReviewStatus"
  }
 },
 "authorization/v1.SelfSubjectAccessReviewSpec": {
  "fields": {
   "nonResourceAttributes": "authorization/v1.NonResourceAttributes",
   "resourceAttributes": "authorization/v1.ResourceAttributes"
  }
 },
 "authorization/v1.SelfSubjectRulesReview": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "authorization/v1.SelfSubjectRulesReviewSpec",
   "status": "authorization/v1.SubjectRulesReviewStatus"
  }
 },
 "authorization/v1.SelfSubjectRulesReviewSpec": {
  "fields": {
   "namespace": "string"
  }
 },
 "authorization/v1.SubjectAccessReview": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "authorization/v1.SubjectAccessReviewSpec",
   "status": "authorization/v1.SubjectAccessReviewStatus"
  }
 },
 "authorization/v1.SubjectAccessReviewSpec": {
  "fields": {
   "extra": "{}[]string",
   "groups": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "nonResourceAttributes": "authorization/v1.NonResourceAttributes",
   "resourceAttributes": "authorization/v1.ResourceAttributes",
   "uid": "string",
   "user": "string"
  }
 },
 "authorization/v1.SubjectAccessReviewStatus": {
  "required": [
   "allowed"
  ],
  "fields": {
   "allowed": "boolean",
   "denied": "boolean",
   "evaluationError": "string",
   "reason": "string"
  }
 },
 "authorization/v1.SubjectRulesReviewStatus": {
  "required": [
   "resourceRules",
   "nonResourceRules",
   "incomplete"
  ],
  "fields": {
   "evaluationError": "string",
   "incomplete": "boolean",
   "nonResourceRules": {
    "kind": "[]authorization/v1.NonResourceRule",
    "listType": "atomic"
   },
   "resourceRules": {
    "kind": "[]authorization/v1.ResourceRule",
    "listType": "atomic"
   }
  }
 },
 "autoscaling/v1.CrossVersionObjectReference": {
  "required": [
   "kind",
   "name"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "name": "string"
  }
 },
 "autoscaling/v1.HorizontalPodAutoscaler": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "autoscaling/v1.HorizontalPodAutoscalerSpec",
   "status": "autoscaling/v1.HorizontalPodAutoscalerStatus"
  }
 },
 "autoscaling/v1.HorizontalPodAutoscalerList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]autoscaling/v1.HorizontalPodAutoscaler",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "autoscaling/v1.HorizontalPodAutoscalerSpec": {
  "required": [
   "scaleTargetRef",
   "maxReplicas"
  ],
  "fields": {
   "maxReplicas": "int32",
   "minReplicas": "int32",
   "scaleTargetRef": "autoscaling/v1.CrossVersionObjectReference",
   "targetCPUUtilizationPercentage": "int32"
  }
 },
 "autoscaling/v1.HorizontalPodAutoscalerStatus": {
  "required": [
   "currentReplicas",
   "desiredReplicas"
  ],
  "fields": {
   "currentCPUUtilizationPercentage": "int32",
   "currentReplicas": "int32",
   "desiredReplicas": "int32",
   "lastScaleTime": "time",
   "observedGeneration": "int64"
  }
 },
 "batch/v1.CronJob": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "batch/v1.CronJobSpec",
   "status": "batch/v1.CronJobStatus"
  }
 },
 "batch/v1.CronJobList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]batch/v1.CronJob",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "batch/v1.CronJobSpec": {
  "required": [
   "schedule",
   "jobTemplate"
  ],
  "fields": {
   "concurrencyPolicy": "string",
   "failedJobsHistoryLimit": "int32",
   "jobTemplate": "batch/v1.JobTemplateSpec",
   "schedule": "string",
   "startingDeadlineSeconds": "int64",
   "successfulJobsHistoryLimit": "int32",
   "suspend": "boolean",
   "timeZone": "string"
  }
 },
 "batch/v1.CronJobStatus": {
  "fields": {
   "active": {
    "kind": "[]core/v1.ObjectReference",
    "listType": "atomic"
   },
   "lastScheduleTime": "time",
   "lastSuccessfulTime": "time"
  }
 },
 "batch/v1.Job": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "batch/v1.JobSpec",
   "status": "batch/v1.JobStatus"
  }
 },
 "batch/v1.JobCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastProbeTime": "time",
   "lastTransitionTime": "time",
   "message": "string",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "batch/v1.JobList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]batch/v1.Job",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "batch/v1.JobSpec": {
  "required": [
   "template"
  ],
  "fields": {
   "activeDeadlineSeconds": "int64",
   "backoffLimit": "int32",
   "backoffLimitPerIndex": "int32",
   "completionMode": "string",
   "completions": "int32",
   "managedBy": "string",
   "manualSelector": "boolean",
   "maxFailedIndexes": "int32",
   "parallelism": "int32",
   "podFailurePolicy": "batch/v1.PodFailurePolicy",
   "podReplacementPolicy": "string",
   "selector": "meta/v1.LabelSelector",
   "successPolicy": "batch/v1.SuccessPolicy",
   "suspend": "boolean",
   "template": "core/v1.PodTemplateSpec",
   "ttlSecondsAfterFinished": "int32"
  }
 },
 "batch/v1.JobStatus": {
  "fields": {
   "active": "int32",
   "completedIndexes": "string",
   "completionTime": "time",
   "conditions": {
    "kind": "[]batch/v1.JobCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "atomic"
   },
   "failed": "int32",
   "failedIndexes": "string",
   "ready": "int32",
   "startTime": "time",
   "succeeded": "int32",
   "terminating": "int32",
   "uncountedTerminatedPods": "batch/v1.UncountedTerminatedPods"
  }
 },
 "batch/v1.JobTemplateSpec": {
  "fields": {
   "metadata": "meta/v1.ObjectMeta",
   "spec": "batch/v1.JobSpec"
  }
 },
 "batch/v1.PodFailurePolicy": {
  "required": [
   "rules"
  ],
  "fields": {
   "rules": {
    "kind": "[]batch/v1.PodFailurePolicyRule",
    "listType": "atomic"
   }
  }
 },
 "batch/v1.PodFailurePolicyOnExitCodesRequirement": {
  "required": [
   "operator",
   "values"
  ],
  "fields": {
   "containerName": "string",
   "operator": "string",
   "values": {
    "kind": "[]int32",
    "listType": "set"
   }
  }
 },
 "batch/v1.PodFailurePolicyOnPodConditionsPattern": {
  "required": [
   "type"
  ],
  "fields": {
   "status": "string",
   "type": "string"
  }
 },
 "batch/v1.PodFailurePolicyRule": {
  "required": [
   "action"
  ],
  "fields": {
   "action": "string",
   "onExitCodes": "batch/v1.PodFailurePolicyOnExitCodesRequirement",
   "onPodConditions": {
    "kind": "[]batch/v1.PodFailurePolicyOnPodConditionsPattern",
    "listType": "atomic"
   }
  }
 },
 "batch/v1.SuccessPolicy": {
  "required": [
   "rules"
  ],
  "fields": {
   "rules": {
    "kind": "[]batch/v1.SuccessPolicyRule",
    "listType": "atomic"
   }
  }
 },
 "batch/v1.SuccessPolicyRule": {
  "fields": {
   "succeededCount": "int32",
   "succeededIndexes": "string"
  }
 },
 "batch/v1.UncountedTerminatedPods": {
  "fields": {
   "failed": {
    "kind": "[]string",
    "listType": "set"
   },
   "succeeded": {
    "kind": "[]string",
    "listType": "set"
   }
  }
 },
 "certificates/v1.CertificateSigningRequest": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "certificates/v1.CertificateSigningRequestSpec",
   "status": "certificates/v1.CertificateSigningRequestStatus"
  }
 },
 "certificates/v1.CertificateSigningRequestCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastTransitionTime": "time",
   "lastUpdateTime": "time",
   "message": "string",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "certificates/v1.CertificateSigningRequestList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]certificates/v1.CertificateSigningRequest",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "certificates/v1.CertificateSigningRequestSpec": {
  "required": [
   "request",
   "signerName"
  ],
  "fields": {
   "expirationSeconds": "int32",
   "extra": "{}[]string",
   "groups": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "request": "bytes",
   "signerName": "string",
   "uid": "string",
   "usages": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "username": "string"
  }
 },
 "certificates/v1.CertificateSigningRequestStatus": {
  "fields": {
   "certificate": "bytes",
   "conditions": {
    "kind": "[]certificates/v1.CertificateSigningRequestCondition",
    "listType": "map",
    "keys": [
     "type"
    ]
   }
  }
 },
 "certificates/v1beta1.ClusterTrustBundle": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "certificates/v1beta1.ClusterTrustBundleSpec"
  }
 },
 "certificates/v1beta1.ClusterTrustBundleList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]certificates/v1beta1.ClusterTrustBundle",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "certificates/v1beta1.ClusterTrustBundleSpec": {
  "required": [
   "trustBundle"
  ],
  "fields": {
   "signerName": "string",
   "trustBundle": "string"
  }
 },
 "certificates/v1beta1.PodCertificateRequest": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "certificates/v1beta1.PodCertificateRequestSpec",
   "status": "certificates/v1beta1.PodCertificateRequestStatus"
  }
 },
 "certificates/v1beta1.PodCertificateRequestList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]certificates/v1beta1.PodCertificateRequest",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "certificates/v1beta1.PodCertificateRequestSpec": {
  "required": [
   "signerName",
   "podName",
   "podUID",
   "serviceAccountName",
   "serviceAccountUID",
   "nodeName",
   "nodeUID",
   "stubPKCS10Request"
  ],
  "fields": {
   "maxExpirationSeconds": "int32",
   "nodeName": "string",
   "nodeUID": "string",
   "pkixPublicKey": "bytes",
   "podName": "string",
   "podUID": "string",
   "proofOfPossession": "bytes",
   "serviceAccountName": "string",
   "serviceAccountUID": "string",
   "signerName": "string",
   "stubPKCS10Request": "bytes",
   "unverifiedUserAnnotations": "{}string"
  }
 },
 "certificates/v1beta1.PodCertificateRequestStatus": {
  "fields": {
   "beginRefreshAt": "time",
   "certificateChain": "string",
   "conditions": {
    "kind": "[]meta/v1.Condition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "notAfter": "time",
   "notBefore": "time"
  }
 },
 "coordination/v1.Lease": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "coordination/v1.LeaseSpec"
  }
 },
 "coordination/v1.LeaseList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]coordination/v1.Lease",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "coordination/v1.LeaseSpec": {
  "fields": {
   "acquireTime": "microtime",
   "holderIdentity": "string",
   "leaseDurationSeconds": "int32",
   "leaseTransitions": "int32",
   "preferredHolder": "string",
   "renewTime": "microtime",
   "strategy": "string"
  }
 },
 "core/v1.AWSElasticBlockStoreVolumeSource": {
  "required": [
   "volumeID"
  ],
  "fields": {
   "fsType": "string",
   "partition": "int32",
   "readOnly": "boolean",
   "volumeID": "string"
  }
 },
 "core/v1.Affinity": {
  "fields": {
   "nodeAffinity": "core/v1.NodeAffinity",
   "podAffinity": "core/v1.PodAffinity",
   "podAntiAffinity": "core/v1.PodAntiAffinity"
  }
 },
 "core/v1.AppArmorProfile": {
  "required": [
   "type"
  ],
  "fields": {
   "localhostProfile": "string",
   "type": "string"
  }
 },
 "core/v1.AttachedVolume": {
  "required": [
   "name",
   "devicePath"
  ],
  "fields": {
   "devicePath": "string",
   "name": "string"
  }
 },
 "core/v1.AzureDiskVolumeSource": {
  "required": [
   "diskName",
   "diskURI"
  ],
  "fields": {
   "cachingMode": "string",
   "diskName": "string",
   "diskURI": "string",
   "fsType": "string",
   "kind": "string",
   "readOnly": "boolean"
  }
 },
 "core/v1.AzureFilePersistentVolumeSource": {
  "required": [
   "secretName",
   "shareName"
  ],
  "fields": {
   "readOnly": "boolean",
   "secretName": "string",
   "secretNamespace": "string",
   "shareName": "string"
  }
 },
 "core/v1.AzureFileVolumeSource": {
  "required": [
   "secretName",
   "shareName"
  ],
  "fields": {
   "readOnly": "boolean",
   "secretName": "string",
   "shareName": "string"
  }
 },
 "core/v1.Binding": {
  "required": [
   "target"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "target": "core/v1.ObjectReference"
  }
 },
 "core/v1.CSIPersistentVolumeSource": {
  "required": [
   "driver",
   "volumeHandle"
  ],
  "fields": {
   "controllerExpandSecretRef": "core/v1.SecretReference",
   "controllerPublishSecretRef": "core/v1.SecretReference",
   "driver": "string",
   "fsType": "string",
   "nodeExpandSecretRef": "core/v1.SecretReference",
   "nodePublishSecretRef": "core/v1.SecretReference",
   "nodeStageSecretRef": "core/v1.SecretReference",
   "readOnly": "boolean",
   "volumeAttributes": "{}string",
   "volumeHandle": "string"
  }
 },
 "core/v1.CSIVolumeSource": {
  "required": [
   "driver"
  ],
  "fields": {
   "driver": "string",
   "fsType": "string",
   "nodePublishSecretRef": "core/v1.LocalObjectReference",
   "readOnly": "boolean",
   "volumeAttributes": "{}string"
  }
 },
 "core/v1.Capabilities": {
  "fields": {
   "add": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "drop": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "core/v1.CephFSPersistentVolumeSource": {
  "required": [
   "monitors"
  ],
  "fields": {
   "monitors": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "path": "string",
   "readOnly": "boolean",
   "secretFile": "string",
   "secretRef": "core/v1.SecretReference",
   "user": "string"
  }
 },
 "core/v1.CephFSVolumeSource": {
  "required": [
   "monitors"
  ],
  "fields": {
   "monitors": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "path": "string",
   "readOnly": "boolean",
   "secretFile": "string",
   "secretRef": "core/v1.LocalObjectReference",
   "user": "string"
  }
 },
 "core/v1.CinderPersistentVolumeSource": {
  "required": [
   "volumeID"
  ],
  "fields": {
   "fsType": "string",
   "readOnly": "boolean",
   "secretRef": "core/v1.SecretReference",
   "volumeID": "string"
  }
 },
 "core/v1.CinderVolumeSource": {
  "required": [
   "volumeID"
  ],
  "fields": {
   "fsType": "string",
   "readOnly": "boolean",
   "secretRef": "core/v1.LocalObjectReference",
   "volumeID": "string"
  }
 },
 "core/v1.ClientIPConfig": {
  "fields": {
   "timeoutSeconds": "int32"
  }
 },
 "core/v1.ClusterTrustBundleProjection": {
  "required": [
   "path"
  ],
  "fields": {
   "labelSelector": "meta/v1.LabelSelector",
   "name": "string",
   "optional": "boolean",
   "path": "string",
   "signerName": "string"
  }
 },
 "core/v1.ComponentCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "error": "string",
   "message": "string",
   "status": "string",
   "type": "string"
  }
 },
 "core/v1.ComponentStatus": {
  "fields": {
   "apiVersion": "string",
   "conditions": {
    "kind": "[]core/v1.ComponentCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta"
  }
 },
 "core/v1.ComponentStatusList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.ComponentStatus",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.ConfigMap": {
  "fields": {
   "apiVersion": "string",
   "binaryData": "{}bytes",
   "data": "{}string",
   "immutable": "boolean",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta"
  }
 },
 "core/v1.ConfigMapEnvSource": {
  "fields": {
   "name": "string",
   "optional": "boolean"
  }
 },
 "core/v1.ConfigMapKeySelector": {
  "required": [
   "key"
  ],
  "fields": {
   "key": "string",
   "name": "string",
   "optional": "boolean"
  }
 },
 "core/v1.ConfigMapList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.ConfigMap",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.ConfigMapNodeConfigSource": {
  "required": [
   "namespace",
   "name",
   "kubeletConfigKey"
  ],
  "fields": {
   "kubeletConfigKey": "string",
   "name": "string",
   "namespace": "string",
   "resourceVersion": "string",
   "uid": "string"
  }
 },
 "core/v1.ConfigMapProjection": {
  "fields": {
   "items": {
    "kind": "[]core/v1.KeyToPath",
    "listType": "atomic"
   },
   "name": "string",
   "optional": "boolean"
  }
 },
 "core/v1.ConfigMapVolumeSource": {
  "fields": {
   "defaultMode": "int32",
   "items": {
    "kind": "[]core/v1.KeyToPath",
    "listType": "atomic"
   },
   "name": "string",
   "optional": "boolean"
  }
 },
 "core/v1.Container": {
  "required": [
   "name"
  ],
  "fields": {
   "args": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "command": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "env": {
    "kind": "[]core/v1.EnvVar",
    "mergeKey": "name",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "envFrom": {
    "kind": "[]core/v1.EnvFromSource",
    "listType": "atomic"
   },
   "image": "string",
   "imagePullPolicy": "string",
   "lifecycle": "core/v1.Lifecycle",
   "livenessProbe": "core/v1.Probe",
   "name": "string",
   "ports": {
    "kind": "[]core/v1.ContainerPort",
    "mergeKey": "containerPort",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "containerPort",
     "protocol"
    ]
   },
   "readinessProbe": "core/v1.Probe",
   "resizePolicy": {
    "kind": "[]core/v1.ContainerResizePolicy",
    "listType": "atomic"
   },
   "resources": "core/v1.ResourceRequirements",
   "restartPolicy": "string",
   "restartPolicyRules": {
    "kind": "[]core/v1.ContainerRestartRule",
    "listType": "atomic"
   },
   "securityContext": "core/v1.SecurityContext",
   "startupProbe": "core/v1.Probe",
   "stdin": "boolean",
   "stdinOnce": "boolean",
   "terminationMessagePath": "string",
   "terminationMessagePolicy": "string",
   "tty": "boolean",
   "volumeDevices": {
    "kind": "[]core/v1.VolumeDevice",
    "mergeKey": "devicePath",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "devicePath"
    ]
   },
   "volumeMounts": {
    "kind": "[]core/v1.VolumeMount",
    "mergeKey": "mountPath",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "mountPath"
    ]
   },
   "workingDir": "string"
  }
 },
 "core/v1.ContainerExtendedResourceRequest": {
  "required": [
   "containerName",
   "resourceName",
   "requestName"
  ],
  "fields": {
   "containerName": "string",
   "requestName": "string",
   "resourceName": "string"
  }
 },
 "core/v1.ContainerImage": {
  "fields": {
   "names": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "sizeBytes": "int64"
  }
 },
 "core/v1.ContainerPort": {
  "required": [
   "containerPort"
  ],
  "fields": {
   "containerPort": "int32",
   "hostIP": "string",
   "hostPort": "int32",
   "name": "string",
   "protocol": "string"
  }
 },
 "core/v1.ContainerResizePolicy": {
  "required": [
   "resourceName",
   "restartPolicy"
  ],
  "fields": {
   "resourceName": "string",
   "restartPolicy": "string"
  }
 },
 "core/v1.ContainerRestartRule": {
  "required": [
   "action"
  ],
  "fields": {
   "action": "string",
   "exitCodes": "core/v1.ContainerRestartRuleOnExitCodes"
  }
 },
 "core/v1.ContainerRestartRuleOnExitCodes": {
  "required": [
   "operator"
  ],
  "fields": {
   "operator": "string",
   "values": {
    "kind": "[]int32",
    "listType": "set"
   }
  }
 },
 "core/v1.ContainerState": {
  "fields": {
   "running": "core/v1.ContainerStateRunning",
   "terminated": "core/v1.ContainerStateTerminated",
   "waiting": "core/v1.ContainerStateWaiting"
  }
 },
 "core/v1.ContainerStateRunning": {
  "fields": {
   "startedAt": "time"
  }
 },
 "core/v1.ContainerStateTerminated": {
  "required": [
   "exitCode"
  ],
  "fields": {
   "containerID": "string",
   "exitCode": "int32",
   "finishedAt": "time",
   "message": "string",
   "reason": "string",
   "signal": "int32",
   "startedAt": "time"
  }
 },
 "core/v1.ContainerStateWaiting": {
  "fields": {
   "message": "string",
   "reason": "string"
  }
 },
 "core/v1.ContainerStatus": {
  "required": [
   "name",
   "ready",
   "restartCount",
   "image",
   "imageID"
  ],
  "fields": {
   "allocatedResources": "{}quantity",
   "allocatedResourcesStatus": {
    "kind": "[]core/v1.ResourceStatus",
    "mergeKey": "name",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "containerID": "string",
   "image": "string",
   "imageID": "string",
   "lastState": "core/v1.ContainerState",
   "name": "string",
   "ready": "boolean",
   "resources": "core/v1.ResourceRequirements",
   "restartCount": "int32",
   "started": "boolean",
   "state": "core/v1.ContainerState",
   "stopSignal": "string",
   "user": "core/v1.ContainerUser",
   "volumeMounts": {
    "kind": "[]core/v1.VolumeMountStatus",
    "mergeKey": "mountPath",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "mountPath"
    ]
   }
  }
 },
 "core/v1.ContainerUser": {
  "fields": {
   "linux": "core/v1.LinuxContainerUser"
  }
 },
 "core/v1.DaemonEndpoint": {
  "required": [
   "Port"
  ],
  "fields": {
   "Port": "int32"
  }
 },
 "core/v1.DownwardAPIProjection": {
  "fields": {
   "items": {
    "kind": "[]core/v1.DownwardAPIVolumeFile",
    "listType": "atomic"
   }
  }
 },
 "core/v1.DownwardAPIVolumeFile": {
  "required": [
   "path"
  ],
  "fields": {
   "fieldRef": "core/v1.ObjectFieldSelector",
   "mode": "int32",
   "path": "string",
   "resourceFieldRef": "core/v1.ResourceFieldSelector"
  }
 },
 "core/v1.DownwardAPIVolumeSource": {
  "fields": {
   "defaultMode": "int32",
   "items": {
    "kind": "[]core/v1.DownwardAPIVolumeFile",
    "listType": "atomic"
   }
  }
 },
 "core/v1.EmptyDirVolumeSource": {
  "fields": {
   "medium": "string",
   "sizeLimit": "quantity"
  }
 },
 "core/v1.EndpointAddress": {
  "required": [
   "ip"
  ],
  "fields": {
   "hostname": "string",
   "ip": "string",
   "nodeName": "string",
   "targetRef": "core/v1.ObjectReference"
  }
 },
 "core/v1.EndpointPort": {
  "required": [
   "port"
  ],
  "fields": {
   "appProtocol": "string",
   "name": "string",
   "port": "int32",
   "protocol": "string"
  }
 },
 "core/v1.EndpointSubset": {
  "fields": {
   "addresses": {
    "kind": "[]core/v1.EndpointAddress",
    "listType": "atomic"
   },
   "notReadyAddresses": {
    "kind": "[]core/v1.EndpointAddress",
    "listType": "atomic"
   },
   "ports": {
    "kind": "[]core/v1.EndpointPort",
    "listType": "atomic"
   }
  }
 },
 "core/v1.Endpoints": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "subsets": {
    "kind": "[]core/v1.EndpointSubset",
    "listType": "atomic"
   }
  }
 },
 "core/v1.EndpointsList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.Endpoints",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.EnvFromSource": {
  "fields": {
   "configMapRef": "core/v1.ConfigMapEnvSource",
   "prefix": "string",
   "secretRef": "core/v1.SecretEnvSource"
  }
 },
 "core/v1.EnvVar": {
  "required": [
   "name"
  ],
  "fields": {
   "name": "string",
   "value": "string",
   "valueFrom": "core/v1.EnvVarSource"
  }
 },
 "core/v1.EnvVarSource": {
  "fields": {
   "configMapKeyRef": "core/v1.ConfigMapKeySelector",
   "fieldRef": "core/v1.ObjectFieldSelector",
   "fileKeyRef": "core/v1.FileKeySelector",
   "resourceFieldRef": "core/v1.ResourceFieldSelector",
   "secretKeyRef": "core/v1.SecretKeySelector"
  }
 },
 "core/v1.EphemeralContainer": {
  "required": [
   "name"
  ],
  "fields": {
   "args": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "command": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "env": {
    "kind": "[]core/v1.EnvVar",
    "mergeKey": "name",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "envFrom": {
    "kind": "[]core/v1.EnvFromSource",
    "listType": "atomic"
   },
   "image": "string",
   "imagePullPolicy": "string",
   "lifecycle": "core/v1.Lifecycle",
   "livenessProbe": "core/v1.Probe",
   "name": "string",
   "ports": {
    "kind": "[]core/v1.ContainerPort",
    "mergeKey": "containerPort",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "containerPort",
     "protocol"
    ]
   },
   "readinessProbe": "core/v1.Probe",
   "resizePolicy": {
    "kind": "[]core/v1.ContainerResizePolicy",
    "listType": "atomic"
   },
   "resources": "core/v1.ResourceRequirements",
   "restartPolicy": "string",
   "restartPolicyRules": {
    "kind": "[]core/v1.ContainerRestartRule",
    "listType": "atomic"
   },
   "securityContext": "core/v1.SecurityContext",
   "startupProbe": "core/v1.Probe",
   "stdin": "boolean",
   "stdinOnce": "boolean",
   "targetContainerName": "string",
   "terminationMessagePath": "string",
   "terminationMessagePolicy": "string",
   "tty": "boolean",
   "volumeDevices": {
    "kind": "[]core/v1.VolumeDevice",
    "mergeKey": "devicePath",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "devicePath"
    ]
   },
   "volumeMounts": {
    "kind": "[]core/v1.VolumeMount",
    "mergeKey": "mountPath",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "mountPath"
    ]
   },
   "workingDir": "string"
  }
 },
 "core/v1.EphemeralVolumeSource": {
  "fields": {
   "volumeClaimTemplate": "core/v1.PersistentVolumeClaimTemplate"
  }
 },
 "core/v1.Event": {
  "required": [
   "metadata",
   "involvedObject"
  ],
  "fields": {
   "action": "string",
   "apiVersion": "string",
   "count": "int32",
   "eventTime": "microtime",
   "firstTimestamp": "time",
   "involvedObject": "core/v1.ObjectReference",
   "kind": "string",
   "lastTimestamp": "time",
   "message": "string",
   "metadata": "meta/v1.ObjectMeta",
   "reason": "string",
   "related": "core/v1.ObjectReference",
   "reportingComponent": "string",
   "reportingInstance": "string",
   "series": "core/v1.EventSeries",
   "source": "core/v1.EventSource",
   "type": "string"
  }
 },
 "core/v1.EventList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.Event",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.EventSeries": {
  "fields": {
   "count": "int32",
   "lastObservedTime": "microtime"
  }
 },
 "core/v1.EventSource": {
  "fields": {
   "component": "string",
   "host": "string"
  }
 },
 "core/v1.ExecAction": {
  "fields": {
   "command": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "core/v1.FCVolumeSource": {
  "fields": {
   "fsType": "string",
   "lun": "int32",
   "readOnly": "boolean",
   "targetWWNs": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "wwids": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "core/v1.FileKeySelector": {
  "required": [
   "volumeName",
   "path",
   "key"
  ],
  "fields": {
   "key": "string",
   "optional": "boolean",
   "path": "string",
   "volumeName": "string"
  }
 },
 "core/v1.FlexPersistentVolumeSource": {
  "required": [
   "driver"
  ],
  "fields": {
   "driver": "string",
   "fsType": "string",
   "options": "{}string",
   "readOnly": "boolean",
   "secretRef": "core/v1.SecretReference"
  }
 },
 "core/v1.FlexVolumeSource": {
  "required": [
   "driver"
  ],
  "fields": {
   "driver": "string",
   "fsType": "string",
   "options": "{}string",
   "readOnly": "boolean",
   "secretRef": "core/v1.LocalObjectReference"
  }
 },
 "core/v1.FlockerVolumeSource": {
  "fields": {
   "datasetName": "string",
   "datasetUUID": "string"
  }
 },
 "core/v1.GCEPersistentDiskVolumeSource": {
  "required": [
   "pdName"
  ],
  "fields": {
   "fsType": "string",
   "partition": "int32",
   "pdName": "string",
   "readOnly": "boolean"
  }
 },
 "core/v1.GRPCAction": {
  "required": [
   "port"
  ],
  "fields": {
   "port": "int32",
   "service": "string"
  }
 },
 "core/v1.GitRepoVolumeSource": {
  "required": [
   "repository"
  ],
  "fields": {
   "directory": "string",
   "repository": "string",
   "revision": "string"
  }
 },
 "core/v1.GlusterfsPersistentVolumeSource": {
  "required": [
   "endpoints",
   "path"
  ],
  "fields": {
   "endpoints": "string",
   "endpointsNamespace": "string",
   "path": "string",
   "readOnly": "boolean"
  }
 },
 "core/v1.GlusterfsVolumeSource": {
  "required": [
   "endpoints",
   "path"
  ],
  "fields": {
   "endpoints": "string",
   "path": "string",
   "readOnly": "boolean"
  }
 },
 "core/v1.HTTPGetAction": {
  "required": [
   "port"
  ],
  "fields": {
   "host": "string",
   "httpHeaders": {
    "kind": "[]core/v1.HTTPHeader",
    "listType": "atomic"
   },
   "path": "string",
   "port": "intOrString",
   "scheme": "string"
  }
 },
 "core/v1.HTTPHeader": {
  "required": [
   "name",
   "value"
  ],
  "fields": {
   "name": "string",
   "value": "string"
  }
 },
 "core/v1.HostAlias": {
  "required": [
   "ip"
  ],
  "fields": {
   "hostnames": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "ip": "string"
  }
 },
 "core/v1.HostIP": {
  "required": [
   "ip"
  ],
  "fields": {
   "ip": "string"
  }
 },
 "core/v1.HostPathVolumeSource": {
  "required": [
   "path"
  ],
  "fields": {
   "path": "string",
   "type": "string"
  }
 },
 "core/v1.ISCSIPersistentVolumeSource": {
  "required": [
   "targetPortal",
   "iqn",
   "lun"
  ],
  "fields": {
   "chapAuthDiscovery": "boolean",
   "chapAuthSession": "boolean",
   "fsType": "string",
   "initiatorName": "string",
   "iqn": "string",
   "iscsiInterface": "string",
   "lun": "int32",
   "portals": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "readOnly": "boolean",
   "secretRef": "core/v1.SecretReference",
   "targetPortal": "string"
  }
 },
 "core/v1.ISCSIVolumeSource": {
  "required": [
   "targetPortal",
   "iqn",
   "lun"
  ],
  "fields": {
   "chapAuthDiscovery": "boolean",
   "chapAuthSession": "boolean",
   "fsType": "string",
   "initiatorName": "string",
   "iqn": "string",
   "iscsiInterface": "string",
   "lun": "int32",
   "portals": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "readOnly": "boolean",
   "secretRef": "core/v1.LocalObjectReference",
   "targetPortal": "string"
  }
 },
 "core/v1.ImageVolumeSource": {
  "fields": {
   "pullPolicy": "string",
   "reference": "string"
  }
 },
 "core/v1.ImageVolumeStatus": {
  "required": [
   "imageRef"
  ],
  "fields": {
   "imageRef": "string"
  }
 },
 "core/v1.KeyToPath": {
  "required": [
   "key",
   "path"
  ],
  "fields": {
   "key": "string",
   "mode": "int32",
   "path": "string"
  }
 },
 "core/v1.Lifecycle": {
  "fields": {
   "postStart": "core/v1.LifecycleHandler",
   "preStop": "core/v1.LifecycleHandler",
   "stopSignal": "string"
  }
 },
 "core/v1.LifecycleHandler": {
  "fields": {
   "exec": "core/v1.ExecAction",
   "httpGet": "core/v1.HTTPGetAction",
   "sleep": "core/v1.SleepAction",
   "tcpSocket": "core/v1.TCPSocketAction"
  }
 },
 "core/v1.LimitRange": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.LimitRangeSpec"
  }
 },
 "core/v1.LimitRangeItem": {
  "required": [
   "type"
  ],
  "fields": {
   "default": "{}quantity",
   "defaultRequest": "{}quantity",
   "max": "{}quantity",
   "maxLimitRequestRatio": "{}quantity",
   "min": "{}quantity",
   "type": "string"
  }
 },
 "core/v1.LimitRangeList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.LimitRange",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.LimitRangeSpec": {
  "required": [
   "limits"
  ],
  "fields": {
   "limits": {
    "kind": "[]core/v1.LimitRangeItem",
    "listType": "atomic"
   }
  }
 },
 "core/v1.LinuxContainerUser": {
  "required": [
   "uid",
   "gid"
  ],
  "fields": {
   "gid": "int64",
   "supplementalGroups": {
    "kind": "[]int64",
    "listType": "atomic"
   },
   "uid": "int64"
  }
 },
 "core/v1.LoadBalancerIngress": {
  "fields": {
   "hostname": "string",
   "ip": "string",
   "ipMode": "string",
   "ports": {
    "kind": "[]core/v1.PortStatus",
    "listType": "atomic"
   }
  }
 },
 "core/v1.LoadBalancerStatus": {
  "fields": {
   "ingress": {
    "kind": "[]core/v1.LoadBalancerIngress",
    "listType": "atomic"
   }
  }
 },
 "core/v1.LocalObjectReference": {
  "fields": {
   "name": "string"
  }
 },
 "core/v1.LocalVolumeSource": {
  "required": [
   "path"
  ],
  "fields": {
   "fsType": "string",
   "path": "string"
  }
 },
 "core/v1.ModifyVolumeStatus": {
  "required": [
   "status"
  ],
  "fields": {
   "status": "string",
   "targetVolumeAttributesClassName": "string"
  }
 },
 "core/v1.NFSVolumeSource": {
  "required": [
   "server",
   "path"
  ],
  "fields": {
   "path": "string",
   "readOnly": "boolean",
   "server": "string"
  }
 },
 "core/v1.Namespace": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.NamespaceSpec",
   "status": "core/v1.NamespaceStatus"
  }
 },
 "core/v1.NamespaceCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastTransitionTime": "time",
   "message": "string",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "core/v1.NamespaceList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.Namespace",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.NamespaceSpec": {
  "fields": {
   "finalizers": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "core/v1.NamespaceStatus": {
  "fields": {
   "conditions": {
    "kind": "[]core/v1.NamespaceCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "phase": "string"
  }
 },
 "core/v1.Node": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.NodeSpec",
   "status": "core/v1.NodeStatus"
  }
 },
 "core/v1.NodeAddress": {
  "required": [
   "type",
   "address"
  ],
  "fields": {
   "address": "string",
   "type": "string"
  }
 },
 "core/v1.NodeAffinity": {
  "fields": {
   "preferredDuringSchedulingIgnoredDuringExecution": {
    "kind": "[]core/v1.PreferredSchedulingTerm",
    "listType": "atomic"
   },
   "requiredDuringSchedulingIgnoredDuringExecution": "core/v1.NodeSelector"
  }
 },
 "core/v1.NodeAllocatableResourceClaimStatus": {
  "required": [
   "resourceClaimName",
   "resources"
  ],
  "fields": {
   "containers": {
    "kind": "[]string",
    "listType": "set"
   },
   "resourceClaimName": "string",
   "resources": "{}quantity"
  }
 },
 "core/v1.NodeCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastHeartbeatTime": "time",
   "lastTransitionTime": "time",
   "message": "string",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "core/v1.NodeConfigSource": {
  "fields": {
   "configMap": "core/v1.ConfigMapNodeConfigSource"
  }
 },
 "core/v1.NodeConfigStatus": {
  "fields": {
   "active": "core/v1.NodeConfigSource",
   "assigned": "core/v1.NodeConfigSource",
   "error": "string",
   "lastKnownGood": "core/v1.NodeConfigSource"
  }
 },
 "core/v1.NodeDaemonEndpoints": {
  "fields": {
   "kubeletEndpoint": "core/v1.DaemonEndpoint"
  }
 },
 "core/v1.NodeFeatures": {
  "fields": {
   "supplementalGroupsPolicy": "boolean"
  }
 },
 "core/v1.NodeList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.Node",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.NodeRuntimeHandler": {
  "fields": {
   "features": "core/v1.NodeRuntimeHandlerFeatures",
   "name": "string"
  }
 },
 "core/v1.NodeRuntimeHandlerFeatures": {
  "fields": {
   "recursiveReadOnlyMounts": "boolean",
   "userNamespaces": "boolean"
  }
 },
 "core/v1.NodeSelector": {
  "required": [
   "nodeSelectorTerms"
  ],
  "fields": {
   "nodeSelectorTerms": {
    "kind": "[]core/v1.NodeSelectorTerm",
    "listType": "atomic"
   }
  }
 },
 "core/v1.NodeSelectorRequirement": {
  "required": [
   "key",
   "operator"
  ],
  "fields": {
   "key": "string",
   "operator": "string",
   "values": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "core/v1.NodeSelectorTerm": {
  "fields": {
   "matchExpressions": {
    "kind": "[]core/v1.NodeSelectorRequirement",
    "listType": "atomic"
   },
   "matchFields": {
    "kind": "[]core/v1.NodeSelectorRequirement",
    "listType": "atomic"
   }
  }
 },
 "core/v1.NodeSpec": {
  "fields": {
   "configSource": "core/v1.NodeConfigSource",
   "externalID": "string",
   "podCIDR": "string",
   "podCIDRs": {
    "kind": "[]string",
    "strategy": "merge",
    "listType": "set"
   },
   "providerID": "string",
   "taints": {
    "kind": "[]core/v1.Taint",
    "listType": "atomic"
   },
   "unschedulable": "boolean"
  }
 },
 "core/v1.NodeStatus": {
  "fields": {
   "addresses": {
    "kind": "[]core/v1.NodeAddress",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "allocatable": "{}quantity",
   "capacity": "{}quantity",
   "conditions": {
    "kind": "[]core/v1.NodeCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "config": "core/v1.NodeConfigStatus",
   "daemonEndpoints": "core/v1.NodeDaemonEndpoints",
   "declaredFeatures": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "features": "core/v1.NodeFeatures",
   "images": {
    "kind": "[]core/v1.ContainerImage",
    "listType": "atomic"
   },
   "nodeInfo": "core/v1.NodeSystemInfo",
   "phase": "string",
   "runtimeHandlers": {
    "kind": "[]core/v1.NodeRuntimeHandler",
    "listType": "atomic"
   },
   "volumesAttached": {
    "kind": "[]core/v1.AttachedVolume",
    "listType": "atomic"
   },
   "volumesInUse": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "core/v1.NodeSwapStatus": {
  "fields": {
   "capacity": "int64"
  }
 },
 "core/v1.NodeSystemInfo": {
  "required": [
   "machineID",
   "systemUUID",
   "bootID",
   "kernelVersion",
   "osImage",
   "containerRuntimeVersion",
   "kubeletVersion",
   "kubeProxyVersion",
   "operatingSystem",
   "architecture"
  ],
  "fields": {
   "architecture": "string",
   "bootID": "string",
   "containerRuntimeVersion": "string",
   "kernelVersion": "string",
   "kubeProxyVersion": "string",
   "kubeletVersion": "string",
   "machineID": "string",
   "operatingSystem": "string",
   "osImage": "string",
   "swap": "core/v1.NodeSwapStatus",
   "systemUUID": "string"
  }
 },
 "core/v1.ObjectFieldSelector": {
  "required": [
   "fieldPath"
  ],
  "fields": {
   "apiVersion": "string",
   "fieldPath": "string"
  }
 },
 "core/v1.ObjectReference": {
  "fields": {
   "apiVersion": "string",
   "fieldPath": "string",
   "kind": "string",
   "name": "string",
   "namespace": "string",
   "resourceVersion": "string",
   "uid": "string"
  }
 },
 "core/v1.PersistentVolume": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.PersistentVolumeSpec",
   "status": "core/v1.PersistentVolumeStatus"
  }
 },
 "core/v1.PersistentVolumeClaim": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.PersistentVolumeClaimSpec",
   "status": "core/v1.PersistentVolumeClaimStatus"
  }
 },
 "core/v1.PersistentVolumeClaimCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastProbeTime": "time",
   "lastTransitionTime": "time",
   "message": "string",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "core/v1.PersistentVolumeClaimList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.PersistentVolumeClaim",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.PersistentVolumeClaimSpec": {
  "fields": {
   "accessModes": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "dataSource": "core/v1.TypedLocalObjectReference",
   "dataSourceRef": "core/v1.TypedObjectReference",
   "resources": "core/v1.VolumeResourceRequirements",
   "selector": "meta/v1.LabelSelector",
   "storageClassName": "string",
   "volumeAttributesClassName": "string",
   "volumeMode": "string",
   "volumeName": "string"
  }
 },
 "core/v1.PersistentVolumeClaimStatus": {
  "fields": {
   "accessModes": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "allocatedResourceStatuses": {
    "kind": "{}string",
    "mapType": "granular"
   },
   "allocatedResources": "{}quantity",
   "capacity": "{}quantity",
   "conditions": {
    "kind": "[]core/v1.PersistentVolumeClaimCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "currentVolumeAttributesClassName": "string",
   "modifyVolumeStatus": "core/v1.ModifyVolumeStatus",
   "phase": "string"
  }
 },
 "core/v1.PersistentVolumeClaimTemplate": {
  "required": [
   "spec"
  ],
  "fields": {
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.PersistentVolumeClaimSpec"
  }
 },
 "core/v1.PersistentVolumeClaimVolumeSource": {
  "required": [
   "claimName"
  ],
  "fields": {
   "claimName": "string",
   "readOnly": "boolean"
  }
 },
 "core/v1.PersistentVolumeList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.PersistentVolume",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.PersistentVolumeSpec": {
  "fields": {
   "accessModes": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "awsElasticBlockStore": "core/v1.AWSElasticBlockStoreVolumeSource",
   "azureDisk": "core/v1.AzureDiskVolumeSource",
   "azureFile": "core/v1.AzureFilePersistentVolumeSource",
   "capacity": "{}quantity",
   "cephfs": "core/v1.CephFSPersistentVolumeSource",
   "cinder": "core/v1.CinderPersistentVolumeSource",
   "claimRef": {
    "kind": "core/v1.ObjectReference",
    "mapType": "granular"
   },
   "csi": "core/v1.CSIPersistentVolumeSource",
   "fc": "core/v1.FCVolumeSource",
   "flexVolume": "core/v1.FlexPersistentVolumeSource",
   "flocker": "core/v1.FlockerVolumeSource",
   "gcePersistentDisk": "core/v1.GCEPersistentDiskVolumeSource",
   "glusterfs": "core/v1.GlusterfsPersistentVolumeSource",
   "hostPath": "core/v1.HostPathVolumeSource",
   "iscsi": "core/v1.ISCSIPersistentVolumeSource",
   "local": "core/v1.LocalVolumeSource",
   "mountOptions": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "nfs": "core/v1.NFSVolumeSource",
   "nodeAffinity": "core/v1.VolumeNodeAffinity",
   "persistentVolumeReclaimPolicy": "string",
   "photonPersistentDisk": "core/v1.PhotonPersistentDiskVolumeSource",
   "portworxVolume": "core/v1.PortworxVolumeSource",
   "quobyte": "core/v1.QuobyteVolumeSource",
   "rbd": "core/v1.RBDPersistentVolumeSource",
   "scaleIO": "core/v1.ScaleIOPersistentVolumeSource",
   "storageClassName": "string",
   "storageos": "core/v1.StorageOSPersistentVolumeSource",
   "volumeAttributesClassName": "string",
   "volumeMode": "string",
   "vsphereVolume": "core/v1.VsphereVirtualDiskVolumeSource"
  }
 },
 "core/v1.PersistentVolumeStatus": {
  "fields": {
   "lastPhaseTransitionTime": "time",
   "message": "string",
   "phase": "string",
   "reason": "string"
  }
 },
 "core/v1.PhotonPersistentDiskVolumeSource": {
  "required": [
   "pdID"
  ],
  "fields": {
   "fsType": "string",
   "pdID": "string"
  }
 },
 "core/v1.Pod": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.PodSpec",
   "status": "core/v1.PodStatus"
  }
 },
 "core/v1.PodAffinity": {
  "fields": {
   "preferredDuringSchedulingIgnoredDuringExecution": {
    "kind": "[]core/v1.WeightedPodAffinityTerm",
    "listType": "atomic"
   },
   "requiredDuringSchedulingIgnoredDuringExecution": {
    "kind": "[]core/v1.PodAffinityTerm",
    "listType": "atomic"
   }
  }
 },
 "core/v1.PodAffinityTerm": {
  "required": [
   "topologyKey"
  ],
  "fields": {
   "labelSelector": "meta/v1.LabelSelector",
   "matchLabelKeys": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "mismatchLabelKeys": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "namespaceSelector": "meta/v1.LabelSelector",
   "namespaces": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "topologyKey": "string"
  }
 },
 "core/v1.PodAntiAffinity": {
  "fields": {
   "preferredDuringSchedulingIgnoredDuringExecution": {
    "kind": "[]core/v1.WeightedPodAffinityTerm",
    "listType": "atomic"
   },
   "requiredDuringSchedulingIgnoredDuringExecution": {
    "kind": "[]core/v1.PodAffinityTerm",
    "listType": "atomic"
   }
  }
 },
 "core/v1.PodCertificateProjection": {
  "required": [
   "signerName",
   "keyType"
  ],
  "fields": {
   "certificateChainPath": "string",
   "credentialBundlePath": "string",
   "keyPath": "string",
   "keyType": "string",
   "maxExpirationSeconds": "int32",
   "signerName": "string",
   "userAnnotations": "{}string"
  }
 },
 "core/v1.PodCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastProbeTime": "time",
   "lastTransitionTime": "time",
   "message": "string",
   "observedGeneration": "int64",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "core/v1.PodDNSConfig": {
  "fields": {
   "nameservers": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "options": {
    "kind": "[]core/v1.PodDNSConfigOption",
    "listType": "atomic"
   },
   "searches": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "core/v1.PodDNSConfigOption": {
  "fields": {
   "name": "string",
   "value": "string"
  }
 },
 "core/v1.PodExtendedResourceClaimStatus": {
  "required": [
   "requestMappings",
   "resourceClaimName"
  ],
  "fields": {
   "requestMappings": {
    "kind": "[]core/v1.ContainerExtendedResourceRequest",
    "listType": "atomic"
   },
   "resourceClaimName": "string"
  }
 },
 "core/v1.PodIP": {
  "required": [
   "ip"
  ],
  "fields": {
   "ip": "string"
  }
 },
 "core/v1.PodList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.Pod",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.PodOS": {
  "required": [
   "name"
  ],
  "fields": {
   "name": "string"
  }
 },
 "core/v1.PodReadinessGate": {
  "required": [
   "conditionType"
  ],
  "fields": {
   "conditionType": "string"
  }
 },
 "core/v1.PodResourceClaim": {
  "required": [
   "name"
  ],
  "fields": {
   "name": "string",
   "resourceClaimName": "string",
   "resourceClaimTemplateName": "string"
  }
 },
 "core/v1.PodResourceClaimStatus": {
  "required": [
   "name"
  ],
  "fields": {
   "name": "string",
   "resourceClaimName": "string"
  }
 },
 "core/v1.PodSchedulingGate": {
  "required": [
   "name"
  ],
  "fields": {
   "name": "string"
  }
 },
 "core/v1.PodSchedulingGroup": {
  "fields": {
   "podGroupName": "string"
  }
 },
 "core/v1.PodSecurityContext": {
  "fields": {
   "appArmorProfile": "core/v1.AppArmorProfile",
   "fsGroup": "int64",
   "fsGroupChangePolicy": "string",
   "runAsGroup": "int64",
   "runAsNonRoot": "boolean",
   "runAsUser": "int64",
   "seLinuxChangePolicy": "string",
   "seLinuxOptions": "core/v1.SELinuxOptions",
   "seccompProfile": "core/v1.SeccompProfile",
   "supplementalGroups": {
    "kind": "[]int64",
    "listType": "atomic"
   },
   "supplementalGroupsPolicy": "string",
   "sysctls": {
    "kind": "[]core/v1.Sysctl",
    "listType": "atomic"
   },
   "windowsOptions": "core/v1.WindowsSecurityContextOptions"
  }
 },
 "core/v1.PodSpec": {
  "required": [
   "containers"
  ],
  "fields": {
   "activeDeadlineSeconds": "int64",
   "affinity": "core/v1.Affinity",
   "automountServiceAccountToken": "boolean",
   "containers": {
    "kind": "[]core/v1.Container",
    "mergeKey": "name",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "dnsConfig": "core/v1.PodDNSConfig",
   "dnsPolicy": "string",
   "enableServiceLinks": "boolean",
   "ephemeralContainers": {
    "kind": "[]core/v1.EphemeralContainer",
    "mergeKey": "name",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "hostAliases": {
    "kind": "[]core/v1.HostAlias",
    "mergeKey": "ip",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "ip"
    ]
   },
   "hostIPC": "boolean",
   "hostNetwork": "boolean",
   "hostPID": "boolean",
   "hostUsers": "boolean",
   "hostname": "string",
   "hostnameOverride": "string",
   "imagePullSecrets": {
    "kind": "[]core/v1.LocalObjectReference",
    "mergeKey": "name",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "initContainers": {
    "kind": "[]core/v1.Container",
    "mergeKey": "name",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "nodeName": "string",
   "nodeSelector": {
    "kind": "{}string",
    "mapType": "atomic"
   },
   "os": "core/v1.PodOS",
   "overhead": "{}quantity",
   "preemptionPolicy": "string",
   "priority": "int32",
   "priorityClassName": "string",
   "readinessGates": {
    "kind": "[]core/v1.PodReadinessGate",
    "listType": "atomic"
   },
   "resourceClaims": {
    "kind": "[]core/v1.PodResourceClaim",
    "mergeKey": "name",
    "strategy": "merge,retainKeys",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "resources": "core/v1.ResourceRequirements",
   "restartPolicy": "string",
   "runtimeClassName": "string",
   "schedulerName": "string",
   "schedulingGates": {
    "kind": "[]core/v1.PodSchedulingGate",
    "mergeKey": "name",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "schedulingGroup": "core/v1.PodSchedulingGroup",
   "securityContext": "core/v1.PodSecurityContext",
   "serviceAccount": "string",
   "serviceAccountName": "string",
   "setHostnameAsFQDN": "boolean",
   "shareProcessNamespace": "boolean",
   "subdomain": "string",
   "terminationGracePeriodSeconds": "int64",
   "tolerations": {
    "kind": "[]core/v1.Toleration",
    "listType": "atomic"
   },
   "topologySpreadConstraints": {
    "kind": "[]core/v1.TopologySpreadConstraint",
    "mergeKey": "topologyKey",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "topologyKey",
     "whenUnsatisfiable"
    ]
   },
   "volumes": {
    "kind": "[]core/v1.Volume",
    "mergeKey": "name",
    "strategy": "merge,retainKeys",
    "listType": "map",
    "keys": [
     "name"
    ]
   }
  }
 },
 "core/v1.PodStatus": {
  "fields": {
   "allocatedResources": "{}quantity",
   "conditions": {
    "kind": "[]core/v1.PodCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "containerStatuses": {
    "kind": "[]core/v1.ContainerStatus",
    "listType": "atomic"
   },
   "ephemeralContainerStatuses": {
    "kind": "[]core/v1.ContainerStatus",
    "listType": "atomic"
   },
   "extendedResourceClaimStatus": "core/v1.PodExtendedResourceClaimStatus",
   "hostIP": "string",
   "hostIPs": {
    "kind": "[]core/v1.HostIP",
    "mergeKey": "ip",
    "strategy": "merge",
    "listType": "atomic"
   },
   "initContainerStatuses": {
    "kind": "[]core/v1.ContainerStatus",
    "listType": "atomic"
   },
   "message": "string",
   "nodeAllocatableResourceClaimStatuses": {
    "kind": "[]core/v1.NodeAllocatableResourceClaimStatus",
    "listType": "atomic"
   },
   "nominatedNodeName": "string",
   "observedGeneration": "int64",
   "phase": "string",
   "podIP": "string",
   "podIPs": {
    "kind": "[]core/v1.PodIP",
    "mergeKey": "ip",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "ip"
    ]
   },
   "qosClass": "string",
   "reason": "string",
   "resize": "string",
   "resourceClaimStatuses": {
    "kind": "[]core/v1.PodResourceClaimStatus",
    "mergeKey": "name",
    "strategy": "merge,retainKeys",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "resources": "core/v1.ResourceRequirements",
   "startTime": "time"
  }
 },
 "core/v1.PodTemplate": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "template": "core/v1.PodTemplateSpec"
  }
 },
 "core/v1.PodTemplateList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.PodTemplate",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.PodTemplateSpec": {
  "fields": {
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.PodSpec"
  }
 },
 "core/v1.PortStatus": {
  "required": [
   "port",
   "protocol"
  ],
  "fields": {
   "error": "string",
   "port": "int32",
   "protocol": "string"
  }
 },
 "core/v1.PortworxVolumeSource": {
  "required": [
   "volumeID"
  ],
  "fields": {
   "fsType": "string",
   "readOnly": "boolean",
   "volumeID": "string"
  }
 },
 "core/v1.PreferredSchedulingTerm": {
  "required": [
   "weight",
   "preference"
  ],
  "fields": {
   "preference": "core/v1.NodeSelectorTerm",
   "weight": "int32"
  }
 },
 "core/v1.Probe": {
  "fields": {
   "exec": "core/v1.ExecAction",
   "failureThreshold": "int32",
   "grpc": "core/v1.GRPCAction",
   "httpGet": "core/v1.HTTPGetAction",
   "initialDelaySeconds": "int32",
   "periodSeconds": "int32",
   "successThreshold": "int32",
   "tcpSocket": "core/v1.TCPSocketAction",
   "terminationGracePeriodSeconds": "int64",
   "timeoutSeconds": "int32"
  }
 },
 "core/v1.ProjectedVolumeSource": {
  "fields": {
   "defaultMode": "int32",
   "sources": {
    "kind": "[]core/v1.VolumeProjection",
    "listType": "atomic"
   }
  }
 },
 "core/v1.QuobyteVolumeSource": {
  "required": [
   "registry",
   "volume"
  ],
  "fields": {
   "group": "string",
   "readOnly": "boolean",
   "registry": "string",
   "tenant": "string",
   "user": "string",
   "volume": "string"
  }
 },
 "core/v1.RBDPersistentVolumeSource": {
  "required": [
   "monitors",
   "image"
  ],
  "fields": {
   "fsType": "string",
   "image": "string",
   "keyring": "string",
   "monitors": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "pool": "string",
   "readOnly": "boolean",
   "secretRef": "core/v1.SecretReference",
   "user": "string"
  }
 },
 "core/v1.RBDVolumeSource": {
  "required": [
   "monitors",
   "image"
  ],
  "fields": {
   "fsType": "string",
   "image": "string",
   "keyring": "string",
   "monitors": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "pool": "string",
   "readOnly": "boolean",
   "secretRef": "core/v1.LocalObjectReference",
   "user": "string"
  }
 },
 "core/v1.ReplicationController": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.ReplicationControllerSpec",
   "status": "core/v1.ReplicationControllerStatus"
  }
 },
 "core/v1.ReplicationControllerCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastTransitionTime": "time",
   "message": "string",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "core/v1.ReplicationControllerList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.ReplicationController",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.ReplicationControllerSpec": {
  "fields": {
   "minReadySeconds": "int32",
   "replicas": "int32",
   "selector": {
    "kind": "{}string",
    "mapType": "atomic"
   },
   "template": "core/v1.PodTemplateSpec"
  }
 },
 "core/v1.ReplicationControllerStatus": {
  "required": [
   "replicas"
  ],
  "fields": {
   "availableReplicas": "int32",
   "conditions": {
    "kind": "[]core/v1.ReplicationControllerCondition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "fullyLabeledReplicas": "int32",
   "observedGeneration": "int64",
   "readyReplicas": "int32",
   "replicas": "int32"
  }
 },
 "core/v1.ResourceClaim": {
  "required": [
   "name"
  ],
  "fields": {
   "name": "string",
   "request": "string"
  }
 },
 "core/v1.ResourceFieldSelector": {
  "required": [
   "resource"
  ],
  "fields": {
   "containerName": "string",
   "divisor": "quantity",
   "resource": "string"
  }
 },
 "core/v1.ResourceHealth": {
  "required": [
   "resourceID"
  ],
  "fields": {
   "health": "string",
   "message": "string",
   "resourceID": "string"
  }
 },
 "core/v1.ResourceQuota": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.ResourceQuotaSpec",
   "status": "core/v1.ResourceQuotaStatus"
  }
 },
 "core/v1.ResourceQuotaList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.ResourceQuota",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.ResourceQuotaSpec": {
  "fields": {
   "hard": "{}quantity",
   "scopeSelector": "core/v1.ScopeSelector",
   "scopes": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "core/v1.ResourceQuotaStatus": {
  "fields": {
   "hard": "{}quantity",
   "used": "{}quantity"
  }
 },
 "core/v1.ResourceRequirements": {
  "fields": {
   "claims": {
    "kind": "[]core/v1.ResourceClaim",
    "listType": "map",
    "keys": [
     "name"
    ]
   },
   "limits": "{}quantity",
   "requests": "{}quantity"
  }
 },
 "core/v1.ResourceStatus": {
  "required": [
   "name"
  ],
  "fields": {
   "name": "string",
   "resources": {
    "kind": "[]core/v1.ResourceHealth",
    "listType": "map",
    "keys": [
     "resourceID"
    ]
   }
  }
 },
 "core/v1.SELinuxOptions": {
  "fields": {
   "level": "string",
   "role": "string",
   "type": "string",
   "user": "string"
  }
 },
 "core/v1.ScaleIOPersistentVolumeSource": {
  "required": [
   "gateway",
   "system",
   "secretRef"
  ],
  "fields": {
   "fsType": "string",
   "gateway": "string",
   "protectionDomain": "string",
   "readOnly": "boolean",
   "secretRef": "core/v1.SecretReference",
   "sslEnabled": "boolean",
   "storageMode": "string",
   "storagePool": "string",
   "system": "string",
   "volumeName": "string"
  }
 },
 "core/v1.ScaleIOVolumeSource": {
  "required": [
   "gateway",
   "system",
   "secretRef"
  ],
  "fields": {
   "fsType": "string",
   "gateway": "string",
   "protectionDomain": "string",
   "readOnly": "boolean",
   "secretRef": "core/v1.LocalObjectReference",
   "sslEnabled": "boolean",
   "storageMode": "string",
   "storagePool": "string",
   "system": "string",
   "volumeName": "string"
  }
 },
 "core/v1.ScopeSelector": {
  "fields": {
   "matchExpressions": {
    "kind": "[]core/v1.ScopedResourceSelectorRequirement",
    "listType": "atomic"
   }
  }
 },
 "core/v1.ScopedResourceSelectorRequirement": {
  "required": [
   "scopeName",
   "operator"
  ],
  "fields": {
   "operator": "string",
   "scopeName": "string",
   "values": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "core/v1.SeccompProfile": {
  "required": [
   "type"
  ],
  "fields": {
   "localhostProfile": "string",
   "type": "string"
  }
 },
 "core/v1.Secret": {
  "fields": {
   "apiVersion": "string",
   "data": "{}bytes",
   "immutable": "boolean",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "stringData": "{}string",
   "type": "string"
  }
 },
 "core/v1.SecretEnvSource": {
  "fields": {
   "name": "string",
   "optional": "boolean"
  }
 },
 "core/v1.SecretKeySelector": {
  "required": [
   "key"
  ],
  "fields": {
   "key": "string",
   "name": "string",
   "optional": "boolean"
  }
 },
 "core/v1.SecretList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.Secret",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.SecretProjection": {
  "fields": {
   "items": {
    "kind": "[]core/v1.KeyToPath",
    "listType": "atomic"
   },
   "name": "string",
   "optional": "boolean"
  }
 },
 "core/v1.SecretReference": {
  "fields": {
   "name": "string",
   "namespace": "string"
  }
 },
 "core/v1.SecretVolumeSource": {
  "fields": {
   "defaultMode": "int32",
   "items": {
    "kind": "[]core/v1.KeyToPath",
    "listType": "atomic"
   },
   "optional": "boolean",
   "secretName": "string"
  }
 },
 "core/v1.SecurityContext": {
  "fields": {
   "allowPrivilegeEscalation": "boolean",
   "appArmorProfile": "core/v1.AppArmorProfile",
   "capabilities": "core/v1.Capabilities",
   "privileged": "boolean",
   "procMount": "string",
   "readOnlyRootFilesystem": "boolean",
   "runAsGroup": "int64",
   "runAsNonRoot": "boolean",
   "runAsUser": "int64",
   "seLinuxOptions": "core/v1.SELinuxOptions",
   "seccompProfile": "core/v1.SeccompProfile",
   "windowsOptions": "core/v1.WindowsSecurityContextOptions"
  }
 },
 "core/v1.Service": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "core/v1.ServiceSpec",
   "status": "core/v1.ServiceStatus"
  }
 },
 "core/v1.ServiceAccount": {
  "fields": {
   "apiVersion": "string",
   "automountServiceAccountToken": "boolean",
   "imagePullSecrets": {
    "kind": "[]core/v1.LocalObjectReference",
    "listType": "atomic"
   },
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "secrets": {
    "kind": "[]core/v1.ObjectReference",
    "mergeKey": "name",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "name"
    ]
   }
  }
 },
 "core/v1.ServiceAccountList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.ServiceAccount",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.ServiceAccountTokenProjection": {
  "required": [
   "path"
  ],
  "fields": {
   "audience": "string",
   "expirationSeconds": "int64",
   "path": "string"
  }
 },
 "core/v1.ServiceList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]core/v1.Service",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "core/v1.ServicePort": {
  "required": [
   "port"
  ],
  "fields": {
   "appProtocol": "string",
   "name": "string",
   "nodePort": "int32",
   "port": "int32",
   "protocol": "string",
   "targetPort": "intOrString"
  }
 },
 "core/v1.ServiceSpec": {
  "fields": {
   "allocateLoadBalancerNodePorts": "boolean",
   "clusterIP": "string",
   "clusterIPs": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "externalIPs": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "externalName": "string",
   "externalTrafficPolicy": "string",
   "healthCheckNodePort": "int32",
   "internalTrafficPolicy": "string",
   "ipFamilies": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "ipFamilyPolicy": "string",
   "loadBalancerClass": "string",
   "loadBalancerIP": "string",
   "loadBalancerSourceRanges": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "ports": {
    "kind": "[]core/v1.ServicePort",
    "mergeKey": "port",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "port",
     "protocol"
    ]
   },
   "publishNotReadyAddresses": "boolean",
   "selector": {
    "kind": "{}string",
    "mapType": "atomic"
   },
   "sessionAffinity": "string",
   "sessionAffinityConfig": "core/v1.SessionAffinityConfig",
   "trafficDistribution": "string",
   "type": "string"
  }
 },
 "core/v1.ServiceStatus": {
  "fields": {
   "conditions": {
    "kind": "[]meta/v1.Condition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "loadBalancer": "core/v1.LoadBalancerStatus"
  }
 },
 "core/v1.SessionAffinityConfig": {
  "fields": {
   "clientIP": "core/v1.ClientIPConfig"
  }
 },
 "core/v1.SleepAction": {
  "required": [
   "seconds"
  ],
  "fields": {
   "seconds": "int64"
  }
 },
 "core/v1.StorageOSPersistentVolumeSource": {
  "fields": {
   "fsType": "string",
   "readOnly": "boolean",
   "secretRef": "core/v1.ObjectReference",
   "volumeName": "string",
   "volumeNamespace": "string"
  }
 },
 "core/v1.StorageOSVolumeSource": {
  "fields": {
   "fsType": "string",
   "readOnly": "boolean",
   "secretRef": "core/v1.LocalObjectReference",
   "volumeName": "string",
   "volumeNamespace": "string"
  }
 },
 "core/v1.Sysctl": {
  "required": [
   "name",
   "value"
  ],
  "fields": {
   "name": "string",
   "value": "string"
  }
 },
 "core/v1.TCPSocketAction": {
  "required": [
   "port"
  ],
  "fields": {
   "host": "string",
   "port": "intOrString"
  }
 },
 "core/v1.Taint": {
  "required": [
   "key",
   "effect"
  ],
  "fields": {
   "effect": "string",
   "key": "string",
   "timeAdded": "time",
   "value": "string"
  }
 },
 "core/v1.Toleration": {
  "fields": {
   "effect": "string",
   "key": "string",
   "operator": "string",
   "tolerationSeconds": "int64",
   "value": "string"
  }
 },
 "core/v1.TopologySelectorLabelRequirement": {
  "required": [
   "key",
   "values"
  ],
  "fields": {
   "key": "string",
   "values": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "core/v1.TopologySelectorTerm": {
  "fields": {
   "matchLabelExpressions": {
    "kind": "[]core/v1.TopologySelectorLabelRequirement",
    "listType": "atomic"
   }
  }
 },
 "core/v1.TopologySpreadConstraint": {
  "required": [
   "maxSkew",
   "topologyKey",
   "whenUnsatisfiable"
  ],
  "fields": {
   "labelSelector": "meta/v1.LabelSelector",
   "matchLabelKeys": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "maxSkew": "int32",
   "minDomains": "int32",
   "nodeAffinityPolicy": "string",
   "nodeTaintsPolicy": "string",
   "topologyKey": "string",
   "whenUnsatisfiable": "string"
  }
 },
 "core/v1.TypedLocalObjectReference": {
  "required": [
   "kind",
   "name"
  ],
  "fields": {
   "apiGroup": "string",
   "kind": "string",
   "name": "string"
  }
 },
 "core/v1.TypedObjectReference": {
  "required": [
   "kind",
   "name"
  ],
  "fields": {
   "apiGroup": "string",
   "kind": "string",
   "name": "string",
   "namespace": "string"
  }
 },
 "core/v1.Volume": {
  "required": [
   "name"
  ],
  "fields": {
   "awsElasticBlockStore": "core/v1.AWSElasticBlockStoreVolumeSource",
   "azureDisk": "core/v1.AzureDiskVolumeSource",
   "azureFile": "core/v1.AzureFileVolumeSource",
   "cephfs": "core/v1.CephFSVolumeSource",
   "cinder": "core/v1.CinderVolumeSource",
   "configMap": "core/v1.ConfigMapVolumeSource",
   "csi": "core/v1.CSIVolumeSource",
   "downwardAPI": "core/v1.DownwardAPIVolumeSource",
   "emptyDir": "core/v1.EmptyDirVolumeSource",
   "ephemeral": "core/v1.EphemeralVolumeSource",
   "fc": "core/v1.FCVolumeSource",
   "flexVolume": "core/v1.FlexVolumeSource",
   "flocker": "core/v1.FlockerVolumeSource",
   "gcePersistentDisk": "core/v1.GCEPersistentDiskVolumeSource",
   "gitRepo": "core/v1.GitRepoVolumeSource",
   "glusterfs": "core/v1.GlusterfsVolumeSource",
   "hostPath": "core/v1.HostPathVolumeSource",
   "image": "core/v1.ImageVolumeSource",
   "iscsi": "core/v1.ISCSIVolumeSource",
   "name": "string",
   "nfs": "core/v1.NFSVolumeSource",
   "persistentVolumeClaim": "core/v1.PersistentVolumeClaimVolumeSource",
   "photonPersistentDisk": "core/v1.PhotonPersistentDiskVolumeSource",
   "portworxVolume": "core/v1.PortworxVolumeSource",
   "projected": "core/v1.ProjectedVolumeSource",
   "quobyte": "core/v1.QuobyteVolumeSource",
   "rbd": "core/v1.RBDVolumeSource",
   "scaleIO": "core/v1.ScaleIOVolumeSource",
   "secret": "core/v1.SecretVolumeSource",
   "storageos": "core/v1.StorageOSVolumeSource",
   "vsphereVolume": "core/v1.VsphereVirtualDiskVolumeSource"
  }
 },
 "core/v1.VolumeDevice": {
  "required": [
   "name",
   "devicePath"
  ],
  "fields": {
   "devicePath": "string",
   "name": "string"
  }
 },
 "core/v1.VolumeMount": {
  "required": [
   "name",
   "mountPath"
  ],
  "fields": {
   "mountPath": "string",
   "mountPropagation": "string",
   "name": "string",
   "readOnly": "boolean",
   "recursiveReadOnly": "string",
   "subPath": "string",
   "subPathExpr": "string"
  }
 },
 "core/v1.VolumeMountStatus": {
  "required": [
   "name",
   "mountPath"
  ],
  "fields": {
   "mountPath": "string",
   "name": "string",
   "readOnly": "boolean",
   "recursiveReadOnly": "string",
   "volumeStatus": "core/v1.VolumeStatus"
  }
 },
 "core/v1.VolumeNodeAffinity": {
  "fields": {
   "required": "core/v1.NodeSelector"
  }
 },
 "core/v1.VolumeProjection": {
  "fields": {
   "clusterTrustBundle": "core/v1.ClusterTrustBundleProjection",
   "configMap": "core/v1.ConfigMapProjection",
   "downwardAPI": "core/v1.DownwardAPIProjection",
   "podCertificate": "core/v1.PodCertificateProjection",
   "secret": "core/v1.SecretProjection",
   "serviceAccountToken": "core/v1.ServiceAccountTokenProjection"
  }
 },
 "core/v1.VolumeResourceRequirements": {
  "fields": {
   "limits": "{}quantity",
   "requests": "{}quantity"
  }
 },
 "core/v1.VolumeStatus": {
  "fields": {
   "image": "core/v1.ImageVolumeStatus"
  }
 },
 "core/v1.VsphereVirtualDiskVolumeSource": {
  "required": [
   "volumePath"
  ],
  "fields": {
   "fsType": "string",
   "storagePolicyID": "string",
   "storagePolicyName": "string",
   "volumePath": "string"
  }
 },
 "core/v1.WeightedPodAffinityTerm": {
  "required": [
   "weight",
   "podAffinityTerm"
  ],
  "fields": {
   "podAffinityTerm": "core/v1.PodAffinityTerm",
   "weight": "int32"
  }
 },
 "core/v1.WindowsSecurityContextOptions": {
  "fields": {
   "gmsaCredentialSpec": "string",
   "gmsaCredentialSpecName": "string",
   "hostProcess": "boolean",
   "runAsUserName": "string"
  }
 },
 "discovery/v1.Endpoint": {
  "required": [
   "addresses"
  ],
  "fields": {
   "addresses": {
    "kind": "[]string",
    "listType": "set"
   },
   "conditions": "discovery/v1.EndpointConditions",
   "deprecatedTopology": "{}string",
   "hints": "discovery/v1.EndpointHints",
   "hostname": "string",
   "nodeName": "string",
   "targetRef": "core/v1.ObjectReference",
   "zone": "string"
  }
 },
 "discovery/v1.EndpointConditions": {
  "fields": {
   "ready": "boolean",
   "serving": "boolean",
   "terminating": "boolean"
  }
 },
 "discovery/v1.EndpointHints": {
  "fields": {
   "forNodes": {
    "kind": "[]discovery/v1.ForNode",
    "listType": "atomic"
   },
   "forZones": {
    "kind": "[]discovery/v1.ForZone",
    "listType": "atomic"
   }
  }
 },
 "discovery/v1.EndpointPort": {
  "fields": {
   "appProtocol": "string",
   "name": "string",
   "port": "int32",
   "protocol": "string"
  }
 },
 "discovery/v1.EndpointSlice": {
  "required": [
   "addressType"
  ],
  "fields": {
   "addressType": "string",
   "apiVersion": "string",
   "endpoints": {
    "kind": "[]discovery/v1.Endpoint",
    "listType": "atomic"
   },
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "ports": {
    "kind": "[]discovery/v1.EndpointPort",
    "listType": "atomic"
   }
  }
 },
 "discovery/v1.EndpointSliceList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]discovery/v1.EndpointSlice",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "discovery/v1.ForNode": {
  "required": [
   "name"
  ],
  "fields": {
   "name": "string"
  }
 },
 "discovery/v1.ForZone": {
  "required": [
   "name"
  ],
  "fields": {
   "name": "string"
  }
 },
 "events/v1.Event": {
  "required": [
   "eventTime"
  ],
  "fields": {
   "action": "string",
   "apiVersion": "string",
   "deprecatedCount": "int32",
   "deprecatedFirstTimestamp": "time",
   "deprecatedLastTimestamp": "time",
   "deprecatedSource": "core/v1.EventSource",
   "eventTime": "microtime",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "note": "string",
   "reason": "string",
   "regarding": "core/v1.ObjectReference",
   "related": "core/v1.ObjectReference",
   "reportingController": "string",
   "reportingInstance": "string",
   "series": "events/v1.EventSeries",
   "type": "string"
  }
 },
 "events/v1.EventList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]events/v1.Event",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "events/v1.EventSeries": {
  "required": [
   "count",
   "lastObservedTime"
  ],
  "fields": {
   "count": "int32",
   "lastObservedTime": "microtime"
  }
 },
 "node/v1.Overhead": {
  "fields": {
   "podFixed": "{}quantity"
  }
 },
 "node/v1.RuntimeClass": {
  "required": [
   "handler"
  ],
  "fields": {
   "apiVersion": "string",
   "handler": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "overhead": "node/v1.Overhead",
   "scheduling": "node/v1.Scheduling"
  }
 },
 "node/v1.RuntimeClassList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]node/v1.RuntimeClass",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "node/v1.Scheduling": {
  "fields": {
   "nodeSelector": {
    "kind": "{}string",
    "mapType": "atomic"
   },
   "tolerations": {
    "kind": "[]core/v1.Toleration",
    "listType": "atomic"
   }
  }
 },
 "policy/v1.PodDisruptionBudget": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "policy/v1.PodDisruptionBudgetSpec",
   "status": "policy/v1.PodDisruptionBudgetStatus"
  }
 },
 "policy/v1.PodDisruptionBudgetList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]policy/v1.PodDisruptionBudget",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "policy/v1.PodDisruptionBudgetSpec": {
  "fields": {
   "maxUnavailable": "intOrString",
   "minAvailable": "intOrString",
   "selector": {
    "kind": "meta/v1.LabelSelector",
    "strategy": "replace"
   },
   "unhealthyPodEvictionPolicy": "string"
  }
 },
 "policy/v1.PodDisruptionBudgetStatus": {
  "fields": {
   "conditions": {
    "kind": "[]meta/v1.Condition",
    "mergeKey": "type",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "currentHealthy": "int32",
   "desiredHealthy": "int32",
   "disruptedPods": "{}time",
   "disruptionsAllowed": "int32",
   "expectedPods": "int32",
   "observedGeneration": "int64"
  }
 },
 "rbac/v1.AggregationRule": {
  "fields": {
   "clusterRoleSelectors": {
    "kind": "[]meta/v1.LabelSelector",
    "listType": "atomic"
   }
  }
 },
 "rbac/v1.ClusterRole": {
  "fields": {
   "aggregationRule": "rbac/v1.AggregationRule",
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "rules": {
    "kind": "[]rbac/v1.PolicyRule",
    "listType": "atomic"
   }
  }
 },
 "rbac/v1.ClusterRoleBinding": {
  "required": [
   "roleRef"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "roleRef": "rbac/v1.RoleRef",
   "subjects": {
    "kind": "[]rbac/v1.Subject",
    "listType": "atomic"
   }
  }
 },
 "rbac/v1.ClusterRoleBindingList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]rbac/v1.ClusterRoleBinding",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "rbac/v1.ClusterRoleList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]rbac/v1.ClusterRole",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "rbac/v1.PolicyRule": {
  "required": [
   "verbs"
  ],
  "fields": {
   "apiGroups": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "nonResourceURLs": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "resourceNames": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "resources": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "verbs": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "rbac/v1.Role": {
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "rules": {
    "kind": "[]rbac/v1.PolicyRule",
    "listType": "atomic"
   }
  }
 },
 "rbac/v1.RoleBinding": {
  "required": [
   "roleRef"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "roleRef": "rbac/v1.RoleRef",
   "subjects": {
    "kind": "[]rbac/v1.Subject",
    "listType": "atomic"
   }
  }
 },
 "rbac/v1.RoleBindingList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]rbac/v1.RoleBinding",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "rbac/v1.RoleList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]rbac/v1.Role",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "rbac/v1.RoleRef": {
  "required": [
   "kind",
   "name"
  ],
  "fields": {
   "apiGroup": "string",
   "kind": "string",
   "name": "string"
  }
 },
 "rbac/v1.Subject": {
  "required": [
   "kind",
   "name"
  ],
  "fields": {
   "apiGroup": "string",
   "kind": "string",
   "name": "string",
   "namespace": "string"
  }
 },
 "scheduling/v1.PriorityClass": {
  "fields": {
   "apiVersion": "string",
   "description": "string",
   "globalDefault": "boolean",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "preemptionPolicy": "string",
   "value": "int32"
  }
 },
 "scheduling/v1.PriorityClassList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]scheduling/v1.PriorityClass",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "storage/v1.CSIDriver": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "storage/v1.CSIDriverSpec"
  }
 },
 "storage/v1.CSIDriverList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]storage/v1.CSIDriver",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "storage/v1.CSIDriverSpec": {
  "fields": {
   "attachRequired": "boolean",
   "fsGroupPolicy": "string",
   "nodeAllocatableUpdatePeriodSeconds": "int64",
   "podInfoOnMount": "boolean",
   "preventPodSchedulingIfMissing": "boolean",
   "requiresRepublish": "boolean",
   "seLinuxMount": "boolean",
   "serviceAccountTokenInSecrets": "boolean",
   "storageCapacity": "boolean",
   "tokenRequests": {
    "kind": "[]storage/v1.TokenRequest",
    "listType": "atomic"
   },
   "volumeLifecycleModes": {
    "kind": "[]string",
    "listType": "set"
   }
  }
 },
 "storage/v1.CSINode": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "storage/v1.CSINodeSpec"
  }
 },
 "storage/v1.CSINodeDriver": {
  "required": [
   "name",
   "nodeID"
  ],
  "fields": {
   "allocatable": "storage/v1.VolumeNodeResources",
   "name": "string",
   "nodeID": "string",
   "topologyKeys": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "storage/v1.CSINodeList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]storage/v1.CSINode",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "storage/v1.CSINodeSpec": {
  "required": [
   "drivers"
  ],
  "fields": {
   "drivers": {
    "kind": "[]storage/v1.CSINodeDriver",
    "mergeKey": "name",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "name"
    ]
   }
  }
 },
 "storage/v1.CSIStorageCapacity": {
  "required": [
   "storageClassName"
  ],
  "fields": {
   "apiVersion": "string",
   "capacity": "quantity",
   "kind": "string",
   "maximumVolumeSize": "quantity",
   "metadata": "meta/v1.ObjectMeta",
   "nodeTopology": "meta/v1.LabelSelector",
   "storageClassName": "string"
  }
 },
 "storage/v1.CSIStorageCapacityList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]storage/v1.CSIStorageCapacity",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "storage/v1.StorageClass": {
  "required": [
   "provisioner"
  ],
  "fields": {
   "allowVolumeExpansion": "boolean",
   "allowedTopologies": {
    "kind": "[]core/v1.TopologySelectorTerm",
    "listType": "atomic"
   },
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "mountOptions": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "parameters": "{}string",
   "provisioner": "string",
   "reclaimPolicy": "string",
   "volumeBindingMode": "string"
  }
 },
 "storage/v1.StorageClassList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]storage/v1.StorageClass",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "storage/v1.TokenRequest": {
  "required": [
   "audience"
  ],
  "fields": {
   "audience": "string",
   "expirationSeconds": "int64"
  }
 },
 "storage/v1.VolumeAttachment": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "storage/v1.VolumeAttachmentSpec",
   "status": "storage/v1.VolumeAttachmentStatus"
  }
 },
 "storage/v1.VolumeAttachmentList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]storage/v1.VolumeAttachment",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "storage/v1.VolumeAttachmentSource": {
  "fields": {
   "inlineVolumeSpec": "core/v1.PersistentVolumeSpec",
   "persistentVolumeName": "string"
  }
 },
 "storage/v1.VolumeAttachmentSpec": {
  "required": [
   "attacher",
   "source",
   "nodeName"
  ],
  "fields": {
   "attacher": "string",
   "nodeName": "string",
   "source": "storage/v1.VolumeAttachmentSource"
  }
 },
 "storage/v1.VolumeAttachmentStatus": {
  "required": [
   "attached"
  ],
  "fields": {
   "attachError": "storage/v1.VolumeError",
   "attached": "boolean",
   "attachmentMetadata": "{}string",
   "detachError": "storage/v1.VolumeError"
  }
 },
 "storage/v1.VolumeAttributesClass": {
  "required": [
   "driverName"
  ],
  "fields": {
   "apiVersion": "string",
   "driverName": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "parameters": "{}string"
  }
 },
 "storage/v1.VolumeAttributesClassList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]storage/v1.VolumeAttributesClass",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "storage/v1.VolumeError": {
  "fields": {
   "errorCode": "int32",
   "message": "string",
   "time": "time"
  }
 },
 "storage/v1.VolumeNodeResources": {
  "fields": {
   "count": "int32"
  }
 },
 "apiextensions/v1.CustomResourceColumnDefinition": {
  "required": [
   "name",
   "type",
   "jsonPath"
  ],
  "fields": {
   "description": "string",
   "format": "string",
   "jsonPath": "string",
   "name": "string",
   "priority": "int32",
   "type": "string"
  }
 },
 "apiextensions/v1.CustomResourceConversion": {
  "required": [
   "strategy"
  ],
  "fields": {
   "strategy": "string",
   "webhook": "apiextensions/v1.WebhookConversion"
  }
 },
 "apiextensions/v1.CustomResourceDefinition": {
  "required": [
   "spec"
  ],
  "fields": {
   "apiVersion": "string",
   "kind": "string",
   "metadata": "meta/v1.ObjectMeta",
   "spec": "apiextensions/v1.CustomResourceDefinitionSpec",
   "status": "apiextensions/v1.CustomResourceDefinitionStatus"
  }
 },
 "apiextensions/v1.CustomResourceDefinitionCondition": {
  "required": [
   "type",
   "status"
  ],
  "fields": {
   "lastTransitionTime": "time",
   "message": "string",
   "observedGeneration": "int64",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "apiextensions/v1.CustomResourceDefinitionList": {
  "required": [
   "items"
  ],
  "fields": {
   "apiVersion": "string",
   "items": "[]apiextensions/v1.CustomResourceDefinition",
   "kind": "string",
   "metadata": "meta/v1.ListMeta"
  }
 },
 "apiextensions/v1.CustomResourceDefinitionNames": {
  "required": [
   "plural",
   "kind"
  ],
  "fields": {
   "categories": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "kind": "string",
   "listKind": "string",
   "plural": "string",
   "shortNames": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "singular": "string"
  }
 },
 "apiextensions/v1.CustomResourceDefinitionSpec": {
  "required": [
   "group",
   "names",
   "scope",
   "versions"
  ],
  "fields": {
   "conversion": "apiextensions/v1.CustomResourceConversion",
   "group": "string",
   "names": "apiextensions/v1.CustomResourceDefinitionNames",
   "preserveUnknownFields": "boolean",
   "scope": "string",
   "versions": {
    "kind": "[]apiextensions/v1.CustomResourceDefinitionVersion",
    "listType": "atomic"
   }
  }
 },
 "apiextensions/v1.CustomResourceDefinitionStatus": {
  "fields": {
   "acceptedNames": "apiextensions/v1.CustomResourceDefinitionNames",
   "conditions": {
    "kind": "[]apiextensions/v1.CustomResourceDefinitionCondition",
    "listType": "map",
    "keys": [
     "type"
    ]
   },
   "observedGeneration": "int64",
   "storedVersions": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "apiextensions/v1.CustomResourceDefinitionVersion": {
  "required": [
   "name",
   "served",
   "storage"
  ],
  "fields": {
   "additionalPrinterColumns": {
    "kind": "[]apiextensions/v1.CustomResourceColumnDefinition",
    "listType": "atomic"
   },
   "deprecated": "boolean",
   "deprecationWarning": "string",
   "name": "string",
   "schema": "apiextensions/v1.CustomResourceValidation",
   "selectableFields": {
    "kind": "[]apiextensions/v1.SelectableField",
    "listType": "atomic"
   },
   "served": "boolean",
   "storage": "boolean",
   "subresources": "apiextensions/v1.CustomResourceSubresources"
  }
 },
 "apiextensions/v1.CustomResourceSubresourceScale": {
  "required": [
   "specReplicasPath",
   "statusReplicasPath"
  ],
  "fields": {
   "labelSelectorPath": "string",
   "specReplicasPath": "string",
   "statusReplicasPath": "string"
  }
 },
 "apiextensions/v1.CustomResourceSubresourceStatus": {
  "fields": {}
 },
 "apiextensions/v1.CustomResourceSubresources": {
  "fields": {
   "scale": "apiextensions/v1.CustomResourceSubresourceScale",
   "status": "apiextensions/v1.CustomResourceSubresourceStatus"
  }
 },
 "apiextensions/v1.CustomResourceValidation": {
  "fields": {
   "openAPIV3Schema": "apiextensions/v1.JSONSchemaProps"
  }
 },
 "apiextensions/v1.ExternalDocumentation": {
  "fields": {
   "description": "string",
   "url": "string"
  }
 },
 "apiextensions/v1.JSON": {
  "fields": {}
 },
 "apiextensions/v1.JSONSchemaProps": {
  "fields": {
   "$ref": "string",
   "$schema": "string",
   "additionalItems": "apiextensions/v1.JSONSchemaPropsOrBool",
   "additionalProperties": "apiextensions/v1.JSONSchemaPropsOrBool",
   "allOf": {
    "kind": "[]apiextensions/v1.JSONSchemaProps",
    "listType": "atomic"
   },
   "anyOf": {
    "kind": "[]apiextensions/v1.JSONSchemaProps",
    "listType": "atomic"
   },
   "default": "apiextensions/v1.JSON",
   "definitions": "{}apiextensions/v1.JSONSchemaProps",
   "dependencies": "{}apiextensions/v1.JSONSchemaPropsOrStringArray",
   "description": "string",
   "enum": {
    "kind": "[]apiextensions/v1.JSON",
    "listType": "atomic"
   },
   "example": "apiextensions/v1.JSON",
   "exclusiveMaximum": "boolean",
   "exclusiveMinimum": "boolean",
   "externalDocs": "apiextensions/v1.ExternalDocumentation",
   "format": "string",
   "id": "string",
   "items": "apiextensions/v1.JSONSchemaPropsOrArray",
   "maxItems": "int64",
   "maxLength": "int64",
   "maxProperties": "int64",
   "maximum": "number",
   "minItems": "int64",
   "minLength": "int64",
   "minProperties": "int64",
   "minimum": "number",
   "multipleOf": "number",
   "not": "apiextensions/v1.JSONSchemaProps",
   "nullable": "boolean",
   "oneOf": {
    "kind": "[]apiextensions/v1.JSONSchemaProps",
    "listType": "atomic"
   },
   "pattern": "string",
   "patternProperties": "{}apiextensions/v1.JSONSchemaProps",
   "properties": "{}apiextensions/v1.JSONSchemaProps",
   "required": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "title": "string",
   "type": "string",
   "uniqueItems": "boolean",
   "x-kubernetes-embedded-resource": "boolean",
   "x-kubernetes-int-or-string": "boolean",
   "x-kubernetes-list-map-keys": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "x-kubernetes-list-type": "string",
   "x-kubernetes-map-type": "string",
   "x-kubernetes-preserve-unknown-fields": "boolean",
   "x-kubernetes-validations": {
    "kind": "[]apiextensions/v1.ValidationRule",
    "mergeKey": "rule",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "rule"
    ]
   }
  }
 },
 "apiextensions/v1.JSONSchemaPropsOrArray": {
  "fields": {}
 },
 "apiextensions/v1.JSONSchemaPropsOrBool": {
  "fields": {}
 },
 "apiextensions/v1.JSONSchemaPropsOrStringArray": {
  "fields": {}
 },
 "apiextensions/v1.SelectableField": {
  "required": [
   "jsonPath"
  ],
  "fields": {
   "jsonPath": "string"
  }
 },
 "apiextensions/v1.ServiceReference": {
  "required": [
   "namespace",
   "name"
  ],
  "fields": {
   "name": "string",
   "namespace": "string",
   "path": "string",
   "port": "int32"
  }
 },
 "apiextensions/v1.ValidationRule": {
  "required": [
   "rule"
  ],
  "fields": {
   "fieldPath": "string",
   "message": "string",
   "messageExpression": "string",
   "optionalOldSelf": "boolean",
   "reason": "string",
   "rule": "string"
  }
 },
 "apiextensions/v1.WebhookClientConfig": {
  "fields": {
   "caBundle": "bytes",
   "service": "apiextensions/v1.ServiceReference",
   "url": "string"
  }
 },
 "apiextensions/v1.WebhookConversion": {
  "required": [
   "conversionReviewVersions"
  ],
  "fields": {
   "clientConfig": "apiextensions/v1.WebhookClientConfig",
   "conversionReviewVersions": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "meta/v1.APIResource": {
  "required": [
   "name",
   "singularName",
   "namespaced",
   "kind",
   "verbs"
  ],
  "fields": {
   "categories": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "group": "string",
   "kind": "string",
   "name": "string",
   "namespaced": "boolean",
   "shortNames": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "singularName": "string",
   "storageVersionHash": "string",
   "verbs": "[]string",
   "version": "string"
  }
 },
 "meta/v1.APIResourceList": {
  "required": [
   "groupVersion",
   "resources"
  ],
  "fields": {
   "apiVersion": "string",
   "groupVersion": "string",
   "kind": "string",
   "resources": {
    "kind": "[]meta/v1.APIResource",
    "listType": "atomic"
   }
  }
 },
 "meta/v1.Condition": {
  "required": [
   "type",
   "status",
   "lastTransitionTime",
   "reason",
   "message"
  ],
  "fields": {
   "lastTransitionTime": "time",
   "message": "string",
   "observedGeneration": "int64",
   "reason": "string",
   "status": "string",
   "type": "string"
  }
 },
 "meta/v1.DeleteOptions": {
  "fields": {
   "apiVersion": "string",
   "dryRun": {
    "kind": "[]string",
    "listType": "atomic"
   },
   "gracePeriodSeconds": "int64",
   "ignoreStoreReadErrorWithClusterBreakingPotential": "boolean",
   "kind": "string",
   "orphanDependents": "boolean",
   "preconditions": "meta/v1.Preconditions",
   "propagationPolicy": "string"
  }
 },
 "meta/v1.FieldSelectorRequirement": {
  "required": [
   "key",
   "operator"
  ],
  "fields": {
   "key": "string",
   "operator": "string",
   "values": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "meta/v1.LabelSelector": {
  "fields": {
   "matchExpressions": {
    "kind": "[]meta/v1.LabelSelectorRequirement",
    "listType": "atomic"
   },
   "matchLabels": "{}string"
  }
 },
 "meta/v1.LabelSelectorRequirement": {
  "required": [
   "key",
   "operator"
  ],
  "fields": {
   "key": "string",
   "operator": "string",
   "values": {
    "kind": "[]string",
    "listType": "atomic"
   }
  }
 },
 "meta/v1.ListMeta": {
  "fields": {
   "continue": "string",
   "remainingItemCount": "int64",
   "resourceVersion": "string",
   "selfLink": "string",
   "shardInfo": "meta/v1.ShardInfo"
  }
 },
 "meta/v1.ManagedFieldsEntry": {
  "fields": {
   "apiVersion": "string",
   "fieldsType": "string",
   "fieldsV1": "any",
   "manager": "string",
   "operation": "string",
   "subresource": "string",
   "time": "time"
  }
 },
 "meta/v1.ObjectMeta": {
  "fields": {
   "annotations": "{}string",
   "creationTimestamp": "time",
   "deletionGracePeriodSeconds": "int64",
   "deletionTimestamp": "time",
   "finalizers": {
    "kind": "[]string",
    "strategy": "merge",
    "listType": "set"
   },
   "generateName": "string",
   "generation": "int64",
   "labels": "{}string",
   "managedFields": {
    "kind": "[]meta/v1.ManagedFieldsEntry",
    "listType": "atomic"
   },
   "name": "string",
   "namespace": "string",
   "ownerReferences": {
    "kind": "[]meta/v1.OwnerReference",
    "mergeKey": "uid",
    "strategy": "merge",
    "listType": "map",
    "keys": [
     "uid"
    ]
   },
   "resourceVersion": "string",
   "selfLink": "string",
   "uid": "string"
  }
 },
 "meta/v1.OwnerReference": {
  "required": [
   "apiVersion",
   "kind",
   "name",
   "uid"
  ],
  "fields": {
   "apiVersion": "string",
   "blockOwnerDeletion": "boolean",
   "controller": "boolean",
   "kind": "string",
   "name": "string",
   "uid": "string"
  }
 },
 "meta/v1.Preconditions": {
  "fields": {
   "resourceVersion": "string",
   "uid": "string"
  }
 },
 "meta/v1.ShardInfo": {
  "required": [
   "selector"
  ],
  "fields": {
   "selector": "string"
  }
 },
 "meta/v1.Status": {
  "fields": {
   "apiVersion": "string",
   "code": "int32",
   "details": "meta/v1.StatusDetails",
   "kind": "string",
   "message": "string",
   "metadata": "meta/v1.ListMeta",
   "reason": "string",
   "status": "string"
  }
 },
 "meta/v1.StatusCause": {
  "fields": {
   "field": "string",
   "message": "string",
   "reason": "string"
  }
 },
 "meta/v1.StatusDetails": {
  "fields": {
   "causes": {
    "kind": "[]meta/v1.StatusCause",
    "listType": "atomic"
   },
   "group": "string",
   "kind": "string",
   "name": "string",
   "retryAfterSeconds": "int32",
   "uid": "string"
  }
 }
};
